"""Every word of the suggestions in English and Chinese; who shows them only lays them out."""

from collections.abc import Mapping
from types import MappingProxyType

from hemascope.hematology.taxonomy import Language

_SYSTEMS = {
    "fab": ("FAB 1976/1985", "FAB 1976/1985"),
    "who2022": ("WHO 2022 (5th edition)", "WHO 2022（第5版）"),
    "icc2022": ("ICC 2022", "ICC 2022"),
}

_OUTCOMES = {
    "fab-m0": ("AML M0 (minimally differentiated)", "AML M0（微分化型）"),
    "fab-m1": ("AML M1 (without maturation)", "AML M1（未成熟型）"),
    "fab-m2": ("AML M2 (with maturation)", "AML M2（部分成熟型）"),
    "fab-m3": ("AML M3 / M3v (acute promyelocytic)", "AML M3 / M3v（急性早幼粒细胞白血病）"),
    "fab-m4": ("AML M4 (myelomonocytic)", "AML M4（粒-单核细胞型）"),
    "fab-m4eo": ("AML M4Eo (myelomonocytic with abnormal eosinophils)", "AML M4Eo（伴异常嗜酸性粒细胞）"),
    "fab-m5a": ("AML M5a (monoblastic)", "AML M5a（原始单核细胞型）"),
    "fab-m5b": ("AML M5b (monocytic)", "AML M5b（单核细胞型）"),
    "fab-m6": ("AML M6 (erythroleukaemia)", "AML M6（红白血病）"),
    "fab-m7": ("AML M7 (megakaryoblastic)", "AML M7（原始巨核细胞型）"),
    "fab-all": ("ALL (subtype L1 to L3 only described)", "ALL（L1-L3亚型仅作描述）"),
    "fab-not-aml": ("not AML by FAB", "不符合FAB的AML标准"),
    "fab-mds-not-aml": ("not AML by FAB: MDS, if a row of the MDS table holds", "按FAB非AML：符合MDS表某行时为MDS"),
    "fab-ra": ("MDS: RA", "MDS：RA"),
    "fab-rars": ("MDS: RARS", "MDS：RARS"),
    "fab-raeb": ("MDS: RAEB", "MDS：RAEB"),
    "fab-raeb-t": ("MDS: RAEB-t", "MDS：RAEB-t"),
    "fab-cmml": ("CMML", "CMML"),
    "who-aml-genetic": ("AML with a defining genetic abnormality", "AML伴定义性遗传学异常"),
    "who-aml": ("AML, by differentiation unless genetics define it", "AML（若无定义性遗传学异常则按分化分型）"),
    "who-aml-erythroid": ("acute erythroid leukaemia", "急性红系白血病"),
    "who-lymphoblastic": ("lymphoblastic: outside these tables", "淋巴母细胞性：不属于本表范围"),
    "who-mds-bitp53": ("MDS with biallelic TP53 inactivation", "MDS伴TP53双等位失活"),
    "who-mds-f": ("MDS with increased blasts and fibrosis (MDS-f)", "MDS伴原始细胞增多及纤维化 (MDS-f)"),
    "who-mds-ib2": ("MDS with increased blasts 2 (MDS-IB2)", "MDS伴原始细胞增多2型 (MDS-IB2)"),
    "who-mds-ib1": ("MDS with increased blasts 1 (MDS-IB1)", "MDS伴原始细胞增多1型 (MDS-IB1)"),
    "who-mds-5q": ("MDS with low blasts and 5q deletion", "MDS伴低原始细胞和5q缺失"),
    "who-mds-sf3b1": (
        "MDS with low blasts and SF3B1 mutation or ring sideroblasts",
        "MDS伴低原始细胞和SF3B1突变或环形铁粒幼细胞",
    ),
    "who-mds-lb": ("MDS with low blasts (MDS-LB)", "MDS伴低原始细胞 (MDS-LB)"),
    "icc-aml-genetic": ("AML with a recurrent genetic abnormality", "AML伴重现性遗传学异常"),
    "icc-aml-tp53": ("AML with mutated TP53", "AML伴TP53突变"),
    "icc-aml": ("AML, by genetics; not otherwise specified without them", "AML（按遗传学分型，否则为非特指型）"),
    "icc-erythroid": ("erythroid leukaemia (usually AML with mutated TP53)", "红系白血病（通常为AML伴TP53突变）"),
    "icc-lymphoblastic": ("lymphoblastic: outside these tables", "淋巴母细胞性：不属于本表范围"),
    "icc-mds-aml-tp53": ("MDS/AML with mutated TP53", "MDS/AML伴TP53突变"),
    "icc-mds-aml": ("MDS/AML", "MDS/AML"),
    "icc-mds-eb": ("MDS with excess blasts (MDS-EB)", "MDS伴原始细胞增多 (MDS-EB)"),
    "icc-mds-5q": ("MDS with del(5q)", "MDS伴del(5q)"),
    "icc-mds-sf3b1": ("MDS with mutated SF3B1", "MDS伴SF3B1突变"),
    "icc-mds-nos": ("MDS, not otherwise specified", "MDS，非特指型"),
    "note-former-m6": (
        "at least 20 % of NEC but fewer of all nucleated cells are blasts: M6 by the rules before 2016, MDS since then",
        "原始细胞占NEC达20 %但占全部有核细胞不足20 %：2016年前归为M6，此后归为MDS",
    ),
    "note-who-ib2": (
        "Auer rods or 5 to 9 % blood blasts with fewer than 10 % in the marrow: WHO calls this MDS-IB2",
        "有Auer小体或外周血原始细胞5-9 %而骨髓不足10 %：WHO归为MDS-IB2",
    ),
}

_QUANTITIES = {
    "blasts_of_anc": ("blasts of ANC", "原始细胞占ANC"),
    "blasts_of_nec": ("blasts of NEC", "原始细胞占NEC"),
    "apl_cells_of_anc": ("cells counted for M3 of ANC", "M3相关细胞占ANC"),
    "abnormal_promyelocytes_of_anc": ("abnormal promyelocytes of ANC", "异常早幼粒细胞占ANC"),
    "lymphoblasts_of_anc": ("lymphoblasts of ANC", "原始淋巴细胞占ANC"),
    "megakaryoblasts_of_anc": ("megakaryoblasts of ANC", "原始巨核细胞占ANC"),
    "erythroblasts_of_anc": ("erythroblasts of ANC", "有核红细胞占ANC"),
    "immature_erythroid_of_anc": ("immature erythroblasts of ANC", "未成熟有核红细胞占ANC"),
    "proerythroblasts_of_anc": ("proerythroblasts of ANC", "原始红细胞占ANC"),
    "granulocytic_of_nec": ("granulocytic cells from promyelocyte on, of NEC", "早幼粒及以下粒细胞占NEC"),
    "monocytic_of_nec": ("monocytic cells of NEC", "单核系细胞占NEC"),
    "maturing_of_nec": ("maturing granulocytic and monocytic cells of NEC", "成熟中粒、单核细胞占NEC"),
    "abnormal_eosinophils_of_nec": ("abnormal eosinophils of NEC", "异常嗜酸性粒细胞占NEC"),
    "monoblasts_of_monocytic": ("monoblasts of monocytic cells", "原始单核细胞占单核系细胞"),
    "blood_blasts": ("blasts of blood leucocytes", "外周血原始细胞"),
    "ring_sideroblasts": ("ring sideroblasts of erythroblasts", "环形铁粒幼细胞占有核红细胞"),
}

_FACTS = {
    "mpo_or_sbb_percent": ("MPO or SBB positive blasts (%)", "MPO或SBB阳性原始细胞 (%)"),
    "myeloid_antigen_percent": ("blasts with myeloid antigen (%)", "表达髓系抗原的原始细胞 (%)"),
    "nonspecific_esterase_percent": ("non-specific esterase (%)", "非特异性酯酶 (%)"),
    "lysozyme_times_normal": ("serum lysozyme (times normal)", "血清溶菌酶（正常值倍数）"),
    "blood_monocytes_e9_per_l": ("blood monocytes (10⁹/L)", "外周血单核细胞 (10⁹/L)"),
    "lymphoid_markers": ("lymphoid markers by flow cytometry", "流式淋系标志"),
    "platelet_markers": ("platelet peroxidase, CD41 or CD61", "血小板过氧化物酶、CD41或CD61"),
    "auer_rods": ("Auer rods", "Auer小体"),
    "apl_morphology": ("faggot cells, bilobed or hypergranular promyelocytes", "柴捆细胞、双叶核或多颗粒早幼粒细胞"),
    "cytopenia": ("cytopenia", "血细胞减少"),
    "dysplasia": ("dysplasia of at least 10 % of a lineage", "某系≥10 %细胞发育异常"),
    "fibrosis": ("marrow fibrosis", "骨髓纤维化"),
    "lesions": ("genetics", "遗传学检查"),
    "lymphoblasts": ("lymphoblast features (L1 to L3)", "原始淋巴细胞特征 (L1-L3)"),
    "marrow": ("marrow differential", "骨髓分类计数"),
}

_SETTINGS = {
    "m4_granulocytic_percent": ("M4 needs granulocytic cells of {value} % of NEC", "M4要求粒系占NEC的{value} %"),
    "m4_monocytic_percent": ("M4 needs monocytic cells of {value} % of NEC", "M4要求单核系占NEC的{value} %"),
    "nec_mode": ("NEC counted {value}", "NEC算法为{value}"),
    "m3_numerator": ("M3 counts {value}", "M3计数{value}"),
    "raeb_t_at_20": ("RAEB-t at exactly 20 %: {value}", "恰为20 %时归RAEB-t：{value}"),
    "value_20": ("20", "20"),
    "value_30": ("30", "30"),
    "value_True": ("yes", "是"),
    "value_False": ("no", "否"),
    "value_erythroid_only": ("without erythroblasts only", "仅去除有核红细胞"),
    "value_strict": ("without erythroid, lymphoid, plasma and mast cells", "去除有核红、淋巴、浆细胞和肥大细胞"),
    "value_blasts_and_abnormal": ("blasts and abnormal promyelocytes", "原始细胞和异常早幼粒细胞"),
    "value_abnormal_only": ("abnormal promyelocytes only", "仅异常早幼粒细胞"),
}

_REASONS = {
    "no-cells": ("no cell of the differential was counted", "没有可计入分类的细胞"),
    "too-few-cells": ("only {n} cells were counted, {required} are required", "仅计数{n}个细胞，至少需要{required}个"),
    "many-unidentified": ("too many cells are Unidentified", "未识别细胞过多"),
    "not-derivable": (
        "not derivable from this model's classes; it does not know: {classes}",
        "无法从本模型的类别得出；模型不识别：{classes}",
    ),
    "straddle": ("an interval crosses a cut-off that decides", "置信区间跨越决定性界值"),
    "unreviewed": ("no qualified person has reviewed the cells", "细胞尚未经有资质人员复核"),
    "hemodilute": ("the aspirate is diluted with blood", "骨髓液被血液稀释"),
    "out-of-distribution": ("the pictures are unlike those the model was trained on", "图像与模型训练数据差异过大"),
}

_SENTENCES = {
    "suggestion": ("Suggestion", "建议"),
    "suggested": ("{outcome} (rule {rule})", "{outcome}（规则{rule}）"),
    "candidates": ("Possible once the missing facts are known: {outcomes}", "补充缺失信息后可能为：{outcomes}"),
    "open": ("open: a fact that decides is missing", "未定：缺少决定性信息"),
    "no-rule": ("no row of this table holds", "本表无一行符合"),
    "withheld": ("no suggestion (rule X1)", "不作建议（规则X1）"),
    "not-applicable": ("not applicable: this table needs a marrow differential", "不适用：本表需要骨髓分类计数"),
    "therapy": ("after cytotoxic therapy: therapy-related", "有细胞毒治疗史：治疗相关"),
    "straddle_line": (
        "{quantity}: {count} of {of}, interval {low:.1f}–{high:.1f} %, crosses {cutoff} %; beyond it: {across}",
        "{quantity}：{count}/{of}，区间{low:.1f}–{high:.1f} %，跨越{cutoff} %；界值另一侧：{across}",
    ),
    "nothing": ("no row", "无符合行"),
    "more_cells": ("Count {n} more cells to settle it", "再计数{n}个细胞即可确定"),
    "more_cells_too": ("Besides, count {n} more cells", "此外还需再计数{n}个细胞"),
    "not_by_counting": ("More cells cannot settle it", "增加计数无法确定"),
    "missing": ("Missing: {facts}", "缺少：{facts}"),
    "alternatives_same": (
        "Sources disagree on {n} settings; the other values give the same",
        "来源对{n}项设置不一致；取其他值结果相同",
    ),
    "alternative": ("Sources disagree. If {setting}: {outcome}", "来源不一致。若{setting}：{outcome}"),
    "source": ("Source [{mark}]: {source}", "来源 [{mark}]：{source}"),
    "trace": ("How the rules came out", "规则逐条结果"),
    "met": ("met", "符合"),
    "failed": ("not met", "不符合"),
    "unknown": ("open", "未定"),
    "of": ("{count} of {of}", "{count}/{of}"),
    "between": (
        "between {count} and {high} of {of}; unknown to the model: {classes}",
        "介于{count}与{high}之间（共{of}）；模型不识别：{classes}",
    ),
    "not_given": ("not given", "未提供"),
    "assumed": ("not given, taken as {truth}", "未提供，按“{truth}”处理"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "any_of": ("any of", "任一"),
    "lesions_any": ("any of {lesions}", "任一：{lesions}"),
    "apl": (
        "URGENT: suspected acute promyelocytic leukaemia ({grounds}). Inform the responsible physician at once.",
        "紧急：疑似急性早幼粒细胞白血病（{grounds}）。请立即通知责任医师。",
    ),
    "apl_cells": ("{cells} abnormal promyelocytes or faggot cells", "异常早幼粒细胞或柴捆细胞{cells}个"),
    "apl_morphology_seen": ("morphology reported", "形态学提示"),
    "apl_fusion": ("PML::RARA reported", "检出PML::RARA"),
    "lymphoblast_type": (
        "Lymphoblasts described as {type} (score {score:+d}); a description only",
        "原始淋巴细胞描述为{type}（评分{score:+d}）；仅作描述",
    ),
    "disclaimer": (
        "Suggestions for a qualified person. For Research Use Only. Not for use in diagnostic procedures.",
        "仅为供有资质人员参考的建议。仅供研究使用，不得用于诊断。",
    ),
}

TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    _SYSTEMS | _OUTCOMES | _QUANTITIES | _FACTS | _SETTINGS | _REASONS | _SENTENCES
)
"""Key -> English, Chinese; with places to fill."""


def say(key: str, language: Language, **values: str | int | float) -> str:
    """Raises KeyError for an unknown key or a missing value."""
    english, chinese = TEXTS[key]
    return (chinese if language == "zh" else english).format(**values)
