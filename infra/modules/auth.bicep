// App Service Authentication before the function app, without a secret: the app's identity stands for the application.

@description('Name of the function app.')
param appName string

@description('Client id of the sign-in application.')
param clientId string

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: appName
}

resource authentication 'Microsoft.Web/sites/config@2024-04-01' = {
  // checkov:skip=CKV_AZURE_13:this is authsettingsV2, which checkov reads as the site's own configuration
  // checkov:skip=CKV_AZURE_63:this is authsettingsV2, which checkov reads as the site's own configuration
  // checkov:skip=CKV_AZURE_65:this is authsettingsV2, which checkov reads as the site's own configuration
  // checkov:skip=CKV_AZURE_66:this is authsettingsV2, which checkov reads as the site's own configuration
  // checkov:skip=CKV_AZURE_80:this is authsettingsV2, which checkov reads as the site's own configuration
  // checkov:skip=CKV_AZURE_88:this is authsettingsV2, which checkov reads as the site's own configuration
  // checkov:skip=CKV_AZURE_222:this is authsettingsV2, which checkov reads as the site's own configuration
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
      runtimeVersion: '~1'
    }
    globalValidation: {
      // The app itself sends away whom nobody knows (docs/adr/0014): function keys, signed links and people come by one address.
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
      redirectToProvider: 'azureactivedirectory'
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: clientId
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [
            clientId
            'api://${clientId}'
          ]
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
}
