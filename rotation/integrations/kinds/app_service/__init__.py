"""Deliver to an app setting of Azure App Service or Azure Functions."""
