"""Write a secret of GitHub Actions, Dependabot or Codespaces."""
