"""What the database itself keeps of points: entries are only added. Plain DDL; a frozen copy stands in a migration."""

from __future__ import annotations

GUARDS: tuple[str, ...] = (
    """CREATE OR REPLACE FUNCTION trade.point_entries_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'points only append: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'add an entry that moves them back';
END $$
""",
    """CREATE OR REPLACE TRIGGER point_entries_append_only BEFORE UPDATE OR DELETE ON trade.point_entries
FOR EACH ROW EXECUTE FUNCTION trade.point_entries_refuse_change()""",
    """CREATE OR REPLACE TRIGGER point_entries_no_truncate BEFORE TRUNCATE ON trade.point_entries
FOR EACH STATEMENT EXECUTE FUNCTION trade.point_entries_refuse_change()""",
)
