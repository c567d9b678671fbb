"""Why a file cannot be read at all; see also goods.contracts."""

from __future__ import annotations

from kaibo.kernel.errors import Invalid, refusal


@refusal
class ImportNotXlsx(Invalid):
    """An Excel file that cannot be opened: damaged or locked with a password."""

    code = "goods.import_not_xlsx"
