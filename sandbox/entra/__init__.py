"""The sandbox's Entra: Microsoft Graph, sign-in, managed identity."""
