"""Deliver to a secret variable of an Azure DevOps variable group."""
