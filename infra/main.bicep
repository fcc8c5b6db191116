// Rotation in one subscription: a resource group, and in the tenant what the Graph extension makes.
// docs/deploy.md says who must run it, what each part may do, and what was never compiled here.

targetScope = 'subscription'

@description('Name of the environment, such as prod: part of every name and a tag.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Azure region that has Flex Consumption with Python 3.13.')
@minLength(1)
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Tags of every resource, beside azd-env-name and application.')
param tags object = {}

@description('Name of the resource group. Empty: rg-rotation-<environment>.')
param resourceGroupName string = ''

@description('Object id of who deploys code and writes the configuration: the pipeline. Empty: only those who may already.')
param pipelinePrincipalId string = ''

@description('Kind of pipelinePrincipalId.')
@allowed([
  'User'
  'Group'
  'ServicePrincipal'
])
param pipelinePrincipalType string = 'ServicePrincipal'

@description('Object id of the group whose members enrol and look after lines at a terminal. Empty: nobody.')
param operatorsGroupId string = ''

@description('Where the configuration lies: blob:configuration/<name>, or a path beside the code.')
param configuration string = 'blob:configuration/rotation.yaml'

@description('Schedules of the timers, UTC, six fields, seconds first: scan, recover, weekly, digest.')
param schedules object = {
  scan: '0 0 2 * * *'
  recover: '0 * * * * *'
  weekly: '0 0 4 * * 0'
  digest: '0 0 7 * * *'
}

@description('Spans that seldom change; docs/settings.md says what they mean.')
param spans object = {
  leaseSeconds: 120
  lookSpacingSeconds: 30
  writeQuotaSeconds: 150
  phaseDeadlineHours: 24
  pausedRecheckSeconds: 300
  scanHeartbeatSeconds: 30
  scanSilentSeconds: 900
}

@description('Make Graph permissions, sign-in application and canary by the Graph extension. False where the tenant forbids it: then infra/scripts does it.')
param graphByBicep bool = true

@description('May the identity add and remove secrets of every application? False: only of those that it owns (infra/scripts/own-applications.sh).')
param manageAllApplications bool = false

@description('May the identity read names and addresses of owners? False: reminders reach audiences only.')
param readOwners bool = true

@description('Object ids of people and groups who get the app role Administrator.')
param administratorIds array = []

@description('Client id of the sign-in application where graphByBicep is false. Empty: no sign-in: nobody can use the dashboard, and function keys alone open the API.')
param signInClientId string = ''

@description('Ids (not resource ids) of Log Analytics workspaces that get the tenant\'s service-principal sign-ins, with commas between: a second source of usage evidence. Empty: none. docs/deploy.md says which role the identity needs there.')
param signInWorkspaces string = ''

@description('Reach vault and storage by private endpoints only, and leave through one address.')
param privateNetwork bool = false

@description('Range of the private network.')
param addressRange string = '10.77.0.0/24'

@description('Part of it for the app, /27 or larger; nothing else may live there.')
param appRange string = '10.77.0.0/26'

@description('Part of it for private endpoints, /28 or larger.')
param endpointRange string = '10.77.0.64/27'

@description('Public address ranges that may reach vault and storage beside private endpoints, such as the one of the office. Only with privateNetwork.')
param allowedIpRanges array = []

@description('Give the identity a custom role on the vault that cannot delete or purge. False: the built-in Key Vault Secrets Officer, for those who may not make roles.')
param narrowVaultRole bool = true

@description('How many days deleted secrets can be had back. It cannot be changed later.')
@minValue(7)
@maxValue(90)
param vaultKeepDeletedDays int = 90

@description('Redundancy of the storage account.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
param storageRedundancy string = 'Standard_ZRS'

@description('How many days deleted blobs and old versions can be had back.')
@minValue(1)
@maxValue(365)
param storageKeepDeletedDays int = 30

@description('How many years the audit trail is kept, where nobody can change or delete it.')
@minValue(1)
@maxValue(100)
param auditYears int = 7

@description('How many days logs are kept.')
@minValue(30)
@maxValue(730)
param keepLogsDays int = 90

@description('How many GB of logs a day are taken in. 0: no limit.')
@minValue(0)
param dailyLogLimitGb int = 1

@description('Mail addresses that alerts are sent to, with commas between. Empty: none.')
param alertAddresses string = ''

@description('Resource ids of action groups that alerts go to, with commas between. Empty: none.')
param alertActionGroups string = ''

@description('Address of the runbook, to which each alert points.')
param runbookAddress string = 'docs/runbook.md'

@description('How many instances of the app there may be at once.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('Memory of an instance, in MB.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMb int = 2048

@description('Amount a month of which people are told, in the currency of the billing account. 0: no budget.')
@minValue(0)
param monthlyBudget int = 0

@description('Addresses that are told of the budget. Empty: no budget.')
param budgetContacts array = []

@description('First day of the first month of the budget. Set it once the budget exists: Azure takes no change later.')
param budgetStart string = utcNow('yyyy-MM-01')

var token = toLower(uniqueString(subscription().id, environmentName, location))
var allTags = union(tags, {
  'azd-env-name': environmentName
  application: 'rotation'
})
var groupName = empty(resourceGroupName) ? 'rg-rotation-${environmentName}' : resourceGroupName
var appName = 'func-rotation-${token}'
var secretsOfficer = 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'

// What the compiler's environment() does not tell of a cloud.
var clouds = {
  AzureCloud: {
    graph: 'https://graph.microsoft.com'
    logs: 'https://api.loganalytics.io'
    apps: 'azurewebsites.net'
  }
  AzureUSGovernment: {
    graph: 'https://graph.microsoft.us'
    logs: 'https://api.loganalytics.us'
    apps: 'azurewebsites.us'
  }
  AzureChinaCloud: {
    graph: 'https://microsoftgraph.chinacloudapi.cn'
    logs: 'https://api.loganalytics.azure.cn'
    apps: 'chinacloudsites.cn'
  }
}
var cloud = clouds[environment().name]

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: groupName
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-rotation-${token}'
    location: location
    tags: allTags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-rotation-${token}'
    componentName: 'appi-rotation-${token}'
    location: location
    tags: allTags
    keepLogsDays: keepLogsDays
    dailyLogLimitGb: dailyLogLimitGb
    identityPrincipalId: identity.outputs.principalId
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    name: 'rotation-${environmentName}'
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    addresses: empty(alertAddresses) ? [] : split(replace(alertAddresses, ' ', ''), ',')
    actionGroupIds: empty(alertActionGroups) ? [] : split(replace(alertActionGroups, ' ', ''), ',')
    runbook: runbookAddress
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: allTags
    redundancy: storageRedundancy
    privateNetwork: privateNetwork
    allowedIpRanges: allowedIpRanges
    keepDeletedDays: storageKeepDeletedDays
    auditYears: auditYears
    identityPrincipalId: identity.outputs.principalId
    configurationWriterId: pipelinePrincipalId
    configurationWriterType: pipelinePrincipalType
    operatorsGroupId: operatorsGroupId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vaultRole 'modules/vault-role.bicep' = if (narrowVaultRole) {
  name: 'vault-role-${token}'
  params: {
    suffix: token
    assignableScope: group.id
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: allTags
    privateNetwork: privateNetwork
    allowedIpRanges: allowedIpRanges
    keepDeletedDays: vaultKeepDeletedDays
    identityPrincipalId: identity.outputs.principalId
    roleDefinitionId: narrowVaultRole ? vaultRole!.outputs.id : subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsOfficer)
    operatorsGroupId: operatorsGroupId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-rotation-${token}'
    location: location
    tags: allTags
    addressRange: addressRange
    appRange: appRange
    endpointRange: endpointRange
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module graph 'modules/graph.bicep' = if (graphByBicep) {
  name: 'graph'
  scope: group
  params: {
    suffix: token
    identityPrincipalId: identity.outputs.principalId
    manageAllApplications: manageAllApplications
    readOwners: readOwners
    appAddress: 'https://${appName}.${cloud.apps}'
    administratorIds: administratorIds
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: appName
    planName: 'plan-rotation-${token}'
    location: location
    tags: allTags
    serviceName: 'api'
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    blobAddress: storage.outputs.blobAddress
    queueAddress: storage.outputs.queueAddress
    tableAddress: storage.outputs.tableAddress
    packageContainer: storage.outputs.packageContainer
    telemetryConnectionString: monitoring.outputs.connectionString
    vaultAddress: vault.outputs.address
    configuration: configuration
    signInClientId: graphByBicep ? graph!.outputs.signInClientId : signInClientId
    schedules: schedules
    spans: spans
    graphAddress: cloud.graph
    logsAddress: cloud.logs
    signInWorkspaces: signInWorkspaces
    appDomain: cloud.apps
    maximumInstances: maximumInstances
    instanceMemoryMb: instanceMemoryMb
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    deployerId: pipelinePrincipalId
    deployerType: pipelinePrincipalType
  }
}

module auth 'modules/auth.bicep' = if (graphByBicep || !empty(signInClientId)) {
  name: 'auth'
  scope: group
  params: {
    appName: app.outputs.name
    clientId: graphByBicep ? graph!.outputs.signInClientId : signInClientId
  }
}

module budget 'modules/budget.bicep' = if (monthlyBudget > 0 && !empty(budgetContacts)) {
  name: 'budget'
  scope: group
  params: {
    name: 'rotation-${environmentName}'
    monthlyAmount: monthlyBudget
    startDate: budgetStart
    contacts: budgetContacts
  }
}

@description('Tenant whose applications are watched.')
output ROTATION_TENANT_ID string = tenant().tenantId

@description('Resource group.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output ROTATION_APP_NAME string = app.outputs.name

@description('Address of the function app.')
output ROTATION_APP_URL string = app.outputs.address

@description('Vault of every policy that names no other.')
output ROTATION_VAULT_URL string = vault.outputs.address

@description('Storage account.')
output AzureWebJobsStorage__accountName string = storage.outputs.name

@description('Container of the configuration.')
output ROTATION_CONFIGURATION_CONTAINER string = storage.outputs.configurationContainer

@description('Where the app reads its configuration.')
output ROTATION_CONFIG string = configuration

@description('Workspaces of sign-in logs.')
output ROTATION_SIGN_IN_WORKSPACES string = signInWorkspaces

@description('Client ids that can never be enrolled: the identity and the sign-in application.')
output ROTATION_OWN_CLIENT_IDS string = join([identity.outputs.clientId, graphByBicep ? graph!.outputs.signInClientId : signInClientId], ',')

@description('Object id of the identity: what infra/scripts takes as --identity.')
output ROTATION_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId

@description('Tells this deployment\'s applications from those of another: what infra/scripts takes as --suffix.')
output ROTATION_SUFFIX string = token

@description('Object id of the canary, for canary.application in rotation.yaml. Empty where graphByBicep is false.')
output ROTATION_CANARY_OBJECT_ID string = graphByBicep ? graph!.outputs.canaryObjectId : ''

@description('The address that the app calls from. Empty without privateNetwork: then it is any of the region.')
output ROTATION_OUTBOUND_ADDRESS string = privateNetwork ? network!.outputs.outboundAddress : ''
