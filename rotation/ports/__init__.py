"""One Protocol per outside thing, as small as its callers need. Fakes and adapters pass the same contract tests."""
