"""
After the storage account was lost: what the directory's markers and the vault's tags still tell, and nothing done.

`survey.py` reads and decides; `rebuild.py` writes a row for each line, which only people's enrolments take over from
(`workflows/taking_over.py`).
"""
