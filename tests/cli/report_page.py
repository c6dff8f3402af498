#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The page of `metriclab report` in a real browser: it renders, sorts, filters, prints, and its console is silent.

Argument: the command. Skipped where there is no Chromium.
"""
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

command = sys.argv[1]
browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if browser is None:
    print("skipped: there is no chromium")
    sys.exit(77)

folder = pathlib.Path(tempfile.mkdtemp(prefix="metriclab-page-"))
wrong = 0


def expect(what, got, wanted=True):
    global wrong
    if got != wanted:
        wrong += 1
        print(f"{what}: {got!r}, not {wanted!r}")


def browse(file, *options):
    """What the browser says of a page: its stdout, and the lines of its console."""
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
         "--window-size=1200,900", f"--user-data-dir={folder / 'profile'}", *options, file.as_uri()],
        capture_output=True, text=True, timeout=300)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def ask(page, script, *options):
    """Runs a script in the page; its `result` comes back."""
    asking = folder / "asking.html"
    asking.write_text(page.replace("</body>", f"""<script>
    {{ const result = {{}}; const $ = (s) => document.querySelector(s);
      const $$ = (s) => [...document.querySelectorAll(s)];
      {script}
      const out = document.createElement('pre'); out.id = 'outcome'; out.textContent = JSON.stringify(result);
      document.body.append(out); }}
    </script></body>"""))
    dom, console = browse(asking, "--dump-dom", "--virtual-time-budget=5000", *options)
    found = re.search(r'<pre id="outcome">(.*?)</pre>', dom, re.S)
    return (json.loads(html.unescape(found.group(1))) if found else None), console


try:
    # A name that would be markup, and one data set with pictures and one without.
    odd = "lda <b>&amp; \"x\""
    spec = {
        "name": "page",
        "datasets": [{"plugin": "digits", "split": {"folds": 4}, "normalize": "standard"},
                     {"plugin": "iris", "split": {"folds": 4}}],
        "methods": {odd: {"solver": "lda"}, "pca": {"solver": {"plugin": "pca", "components": 2}}},
        "grid": {"/methods/pca/solver/components": [1, 2]},
        "evaluators": ["knn", "verification"],
        "exhibit": 60,
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    subprocess.run([command, "run", folder / "spec.json", "--results", folder / "results"],
                   check=True, capture_output=True)
    told = subprocess.run([command, "report", folder / "results" / "page"],
                          check=True, capture_output=True, text=True).stdout.strip()
    file = pathlib.Path(told)
    page = file.read_text()
    again = subprocess.run([command, "report", folder / "results" / "page", "--output", folder / "again.html"],
                           check=True, capture_output=True)
    expect("the same results give the same page", (folder / "again.html").read_text() == page)

    # Nothing is fetched: no address but of this page, pictures in it, and the name of a format.
    for attribute, value in re.findall(r'\b(src|href|action|data)="([^"]*)"', page):
        expect(f"{attribute} in the page", value.startswith(("#", "data:")))
    expect("imports", re.findall(r"@import|url\(", page), [])

    # This test can see a console that is not silent.
    _, console = ask(page, "console.error('heard');")
    expect("an error is heard", any("heard" in line for line in console))

    result, console = ask(page, r"""
      const visible = (element) => element.offsetParent !== null;
      const table = () => $$('.metric table').find(visible);
      const rows = () => [...table().tBodies[0].rows].filter(visible).map((row) => row.cells[0].textContent);
      const column = (c) => [...table().tBodies[0].rows].map((row) => parseFloat(row.cells[c].textContent));
      const type = (input, text) => { input.value = text; input.dispatchEvent(new Event('input')); };
      const choose = (select, value) => { select.value = value; select.dispatchEvent(new Event('change')); };
      result.sections = $$('section').map((section) => section.id);
      result.rows = rows();
      result.bold = $$('.metric b').length;
      const heading = table().tHead.rows[0].cells[1];
      heading.click();
      result.rising = column(1); result.sort = heading.getAttribute('aria-sort');
      heading.click();
      result.falling = column(1);
      table().tHead.rows[0].cells[0].dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}));
      result.names = rows();
      type($('input[data-what="rows"]'), 'PCA comp'); result.filtered = rows();
      type($('input[data-what="rows"]'), '');
      type($('input[data-what="columns"]'), 'iris');
      result.headings = [...table().tHead.rows[0].cells].filter(visible).map((cell) => cell.textContent);
      type($('input[data-what="columns"]'), '');
      choose($('#metric'), 'seconds.total');
      result.metric = table().closest('.metric').dataset.metric;
      result.tables = $$('.metric table').filter(visible).length;
      result.figures = $$('#figures figure svg').length;
      type($('#figure-filter'), 'no such figure');
      result.none = $$('#figures figure').filter(visible).length;
      type($('#figure-filter'), '');
      result.sets = [...$('#embedding-set').options].map((option) => option.value);
      result.methods = [...$('#embedding-a').options].map((option) => option.value);
      result.points = $$('#plots svg path').length;
      result.key = $$('#embedding-key span').map((span) => span.textContent);
      const before = $('#plots path').getAttribute('d');
      choose($('#embedding-projection'), 'pca');
      result.moved = before !== $('#plots path').getAttribute('d');
      const mark = $('#plots path'), box = mark.getBoundingClientRect();
      mark.dispatchEvent(new PointerEvent('pointermove',
        {bubbles: true, clientX: box.x + 1, clientY: box.y + 1}));
      result.tip = [$('#tip').hidden, $$('#tip img').length, $('#tip').textContent];
      result.queries = $$('.query').length;
      const inks = (kind) => $$(`.item.${kind}`).length;
      result.right = inks('right'); result.wrong = inks('wrong');
      choose($('#queries-which'), 'wrong');
      result.onlyWrong = $$('.query').every((query) => query.querySelector('.item.wrong'));
      choose($('#embedding-set'), 'iris');
      result.iris = [$$('#plots svg path').length, $$('#gallery img').length,
                     $$('#gallery .words').length > 0];
      type($('input[data-filters="#all-runs"]'), 'iris components=1');
      result.runs = $$('#all-runs tbody tr').filter(visible).length;
      result.wide = document.documentElement.scrollWidth <= innerWidth;
      const ground = () => getComputedStyle(document.body).backgroundColor;
      const light = ground(); $('#theme').click(); result.themes = [light, ground()];
      result.pictures = $$('img').every((image) => image.complete && image.naturalWidth > 0);
    """, "--blink-settings=preferredColorScheme=1")
    expect("the console", console, [])
    if result is None:
        print("the page's script came to no end")
        sys.exit(1)
    methods = ["euclidean", odd, "pca components=1", "pca components=2"]
    expect("sections", result["sections"],
           ["results", "evidence", "figures", "embeddings", "neighbours", "runs", "reproduction"])
    expect("methods, whatever their names", sorted(result["rows"]), sorted(methods))
    expect("markup in names", result["bold"], 0)
    expect("sorted", result["rising"], sorted(result["rising"]))
    expect("said to be sorted", result["sort"], "ascending")
    expect("sorted the other way", result["falling"], sorted(result["rising"], reverse=True))
    expect("there are differences to sort", len(set(result["rising"])) > 2)
    expect("sorted by name", result["names"], sorted(methods, key=str.lower))
    expect("rows filtered", result["filtered"], methods[2:])
    expect("columns filtered", result["headings"], ["", "iris", "rank"])
    expect("the metric", result["metric"], "seconds.total")
    expect("one table at a time", result["tables"], 1)
    expect("figures", result["figures"] > 3)
    expect("figures filtered", result["none"], 0)
    expect("data sets", result["sets"], ["digits", "iris"])
    expect("methods to look at", sorted(result["methods"]), sorted(methods))
    expect("points of two methods", result["points"], 120)
    expect("classes", result["key"], [str(i) for i in range(10)])
    expect("another projection", result["moved"])
    expect("a picture on hover", result["tip"][:2], [False, 1])
    expect("its number on hover", bool(re.search(r"example \d+", result["tip"][2])))
    expect("queries", result["queries"], 24)
    expect("right and wrong neighbours", result["right"] > 0 and result["wrong"] > 0)
    expect("eight neighbours of each", result["right"] + result["wrong"], 24 * 2 * 8)
    expect("queries with a wrong neighbour", result["onlyWrong"])
    expect("a data set without pictures", result["iris"], [76, 0, True])
    expect("runs filtered", result["runs"], 4)
    expect("the page is not wider than the window", result["wide"])
    expect("light and dark", result["themes"][0] != result["themes"][1])
    expect("all pictures decode", result["pictures"])

    pdf = folder / "page.pdf"
    browse(file, f"--print-to-pdf={pdf}", "--virtual-time-budget=5000")
    expect("it prints", pdf.exists() and pdf.read_bytes()[:5], b"%PDF-")
finally:
    shutil.rmtree(folder, ignore_errors=True)
sys.exit(1 if wrong else 0)
