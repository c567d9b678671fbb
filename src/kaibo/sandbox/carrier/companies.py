"""Companies that this stand-in follows, by the codes of Kuaidi100's public table (快递公司编码)."""

COMPANIES = frozenset(
    {
        "shunfeng", "zhongtong", "yuantong", "shentong", "yunda", "jd", "ems", "youzhengguonei", "jtexpress",
        "debangkuaidi", "debangwuliu", "baishiwuliu", "huitongkuaidi", "annengwuliu", "zhaijisong", "danniao",
        "fengwang", "kuayue", "yimidida",
    }
)  # fmt: skip
