"""Write the taxonomy for the front end: `python tools/taxonomy_json.py > frontend/src/taxonomy/classes.json`."""

import json
import sys

from hemascope.hematology.taxonomy import TAXONOMY

rows = [
    {
        "id": row.id,
        "en": row.name_en,
        "zh": row.name_zh,
        "lineage": row.lineage,
        "maturation": row.maturation,
        "colour": row.colour,
        "key": row.key,
    }
    for row in TAXONOMY.values()
]
json.dump(rows, sys.stdout, ensure_ascii=False, indent=2)
sys.stdout.write("\n")
