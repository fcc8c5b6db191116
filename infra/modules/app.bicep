// The function app on Flex Consumption. Its settings are those of rotation/settings and of the host, no more and no
// less: tests/infra holds that, and docs/settings.md says what each means.

@description('Name of the function app.')
param name string

@description('Name of the plan.')
param planName string

@description('Azure region.')
param location string

@description('Tags.')
param tags object

@description('Name of the service in azure.yaml that azd deploys here.')
param serviceName string

@description('Resource id of the identity.')
param identityId string

@description('Client id of the identity.')
param identityClientId string

@description('Address of blobs.')
param blobAddress string

@description('Address of queues.')
param queueAddress string

@description('Address of tables.')
param tableAddress string

@description('Container of deployment packages.')
param packageContainer string

@description('Where telemetry goes.')
param telemetryConnectionString string

@description('Address of the vault of every policy that names no other.')
param vaultAddress string

@description('Where the configuration lies: a path, or blob:<container>/<name>.')
param configuration string

@description('Client id of the sign-in application; empty: no sign-in stands before the app.')
param signInClientId string

@description('Schedules of the timers, UTC, six fields: scan, recover, weekly, digest.')
param schedules object

@description('Spans that seldom change: leaseSeconds, lookSpacingSeconds, writeQuotaSeconds, phaseDeadlineHours, pausedRecheckSeconds, scanHeartbeatSeconds, scanSilentSeconds.')
param spans object

@description('Address of Microsoft Graph in this cloud.')
param graphAddress string

@description('Ids of Log Analytics workspaces that get the sign-ins of service principals, with commas between; empty: none.')
param signInWorkspaces string

@description('Address of Log Analytics\' query service in this cloud.')
param logsAddress string

@description('Domain of function apps in this cloud.')
param appDomain string

@description('How many instances there may be at once.')
@minValue(40)
@maxValue(1000)
param maximumInstances int

@description('Memory of an instance, in MB.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMb int

@description('Subnet that the app joins; empty: none.')
param subnetId string

@description('Object id of who deploys code; empty: nobody beside those who may already.')
param deployerId string

@description('Kind of deployerId.')
@allowed([
  'User'
  'Group'
  'ServicePrincipal'
])
param deployerType string

var websiteContributor = 'de139f84-1756-47ae-9be6-808fbbe84772'
var address = 'https://${name}.${appDomain}'

// rotation/settings
var ownSettings = {
  ROTATION_TENANT_ID: tenant().tenantId
  ROTATION_VAULT_URL: vaultAddress
  ROTATION_CONFIG: configuration
  ROTATION_OWN_CLIENT_IDS: signInClientId
  ROTATION_GRAPH_URL: graphAddress
  ROTATION_ARM_URL: environment().resourceManager
  ROTATION_SIGN_IN_WORKSPACES: signInWorkspaces
  ROTATION_LOGS_URL: logsAddress
  ROTATION_DASHBOARD_URL: address
  ROTATION_LEASE_SECONDS: string(spans.leaseSeconds)
  ROTATION_LOOK_SPACING_SECONDS: string(spans.lookSpacingSeconds)
  ROTATION_WRITE_QUOTA_SECONDS: string(spans.writeQuotaSeconds)
  ROTATION_PHASE_DEADLINE_HOURS: string(spans.phaseDeadlineHours)
  ROTATION_PAUSED_RECHECK_SECONDS: string(spans.pausedRecheckSeconds)
  ROTATION_SCAN_HEARTBEAT_SECONDS: string(spans.scanHeartbeatSeconds)
  ROTATION_SCAN_SILENT_SECONDS: string(spans.scanSilentSeconds)
  AZURE_CLIENT_ID: identityClientId
  AZURE_AUTHORITY_HOST: environment().authentication.loginEndpoint
  SCAN_SCHEDULE: schedules.scan
  RECOVER_SCHEDULE: schedules.recover
  WEEKLY_SCHEDULE: schedules.weekly
  DIGEST_SCHEDULE: schedules.digest
}

// The host reads these; rotation/settings reads the storage account's too (platform.md D4).
var hostSettings = {
  AzureWebJobsStorage__blobServiceUri: blobAddress
  AzureWebJobsStorage__queueServiceUri: queueAddress
  AzureWebJobsStorage__tableServiceUri: tableAddress
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: telemetryConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  PYTHON_ENABLE_OPENTELEMETRY: 'true'
}

// App Service Authentication reads these: it shows a token of the identity instead of a secret.
var signInSettings = {
  OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId
  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: tenant().tenantId
}

var settings = union(ownSettings, hostSettings, empty(signInClientId) ? {} : signInSettings)

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  // checkov:skip=CKV_AZURE_225:a Flex Consumption plan has no such switch in every region; work waits in queues and the ledger
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  // checkov:skip=CKV_AZURE_17:callers sign in with Entra or show a function key; they have no client certificates
  // checkov:skip=CKV_AZURE_212:Flex Consumption scales from zero by itself
  // checkov:skip=CKV_AZURE_213:Flex Consumption has no health check of instances; /api/health tells of the whole
  // checkov:skip=CKV_AZURE_222:people reach the API; sign-in and function keys stand before it
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': serviceName
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobAddress}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        maximumInstanceCount: maximumInstances
        instanceMemoryMB: instanceMemoryMb
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      appSettings: [for setting in items(settings): {
        name: setting.key
        value: setting.value
      }]
    }
  }
}

// Deployments sign in with Entra; there is no publishing password.
resource noScmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource deploy 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerId)) {
  name: guid(app.id, deployerId, websiteContributor)
  scope: app
  properties: {
    principalId: deployerId
    principalType: deployerType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', websiteContributor)
  }
}

@description('Name of the function app.')
output name string = app.name

@description('Address of the function app.')
output address string = address
