# SPDX-License-Identifier: BSD-3-Clause
# Makes texts.json: TF-IDF by scikit-learn (1.2.1), and the small letters of capitals by Python's Unicode tables.
# Run as: python3 texts.py > texts.json
import json
import sys

import sklearn
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

TEXTS = [
    "A group of kids is playing in a yard, and an old man is standing in the background.",
    "A group of boys in a yard is playing and a man is standing in the background",
    "The young boys are playing outdoors; the man is smiling nearby!",
    "The kids are playing outdoors near a man with a smile",
    "There is no boy playing outdoors and there is no man smiling",
    "", "Two dogs are fighting -- two DOGS, two dogs", "Café in ÅRHUS: 2 cafés, 1 café",
    "A brown dog is attacking another animal in front of the tall man in pants",
    "nothing here was learned", "The dog and the kids",
]
LEARNED = 8  # the first ones
CASES = [
    {},
    {"word_ngrams": 2},
    {"sublinear": True},
    {"min_count": 2},
    {"word_ngrams": 3, "min_count": 2, "sublinear": True},
]


def case(parameters):
    count = CountVectorizer(token_pattern=r"(?u)\b\w+\b", ngram_range=(1, parameters.get("word_ngrams", 1)),
                            min_df=parameters.get("min_count", 1)).fit(TEXTS[:LEARNED])
    weight = TfidfTransformer(sublinear_tf=parameters.get("sublinear", False)).fit(count.transform(TEXTS[:LEARNED]))
    return {"parameters": parameters, "terms": list(count.get_feature_names_out()),
            "rows": weight.transform(count.transform(TEXTS)).toarray().round(12).tolist()}


def small_letters():
    blocks = [(0x41, 0x5A), (0xC0, 0xDE), (0x100, 0x17E), (0x386, 0x3AB), (0x400, 0x52F)]
    points = [chr(p) for first, last in blocks for p in range(first, last + 1) if chr(p).isalpha()]
    # U+0130 alone has two characters, i and a dot above; the simple mapping is its first.
    return [[c, c.lower()[0]] for c in points]


json.dump({"scikit-learn": sklearn.__version__, "texts": TEXTS, "learned": LEARNED,
           "cases": [case(c) for c in CASES], "small_letters": small_letters()},
          sys.stdout, ensure_ascii=False)
