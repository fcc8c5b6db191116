"""Deliver to an Azure Resource Manager service connection of Azure DevOps."""
