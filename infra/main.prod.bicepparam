// For a tenant that counts on it: private network, one outgoing address, zones, a budget.
// az deployment sub what-if --location "$AZURE_LOCATION" --parameters infra/main.prod.bicepparam
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'prod')
param location = readEnvironmentVariable('AZURE_LOCATION')
param tags = {
  stage: 'prod'
}

param pipelinePrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID')
param pipelinePrincipalType = 'ServicePrincipal'
param operatorsGroupId = readEnvironmentVariable('ROTATION_OPERATORS_GROUP_ID')

// Only what the identity owns: infra/scripts/own-applications.sh.
param manageAllApplications = false

param signInWorkspaces = readEnvironmentVariable('ROTATION_SIGN_IN_WORKSPACES', '')

// The range of the pipeline's agents, where they are not inside the network.
param privateNetwork = true
param addressRange = '10.77.0.0/24'
param appRange = '10.77.0.0/26'
param endpointRange = '10.77.0.64/27'
param allowedIpRanges = []

param storageRedundancy = 'Standard_ZRS'
param storageKeepDeletedDays = 30
param vaultKeepDeletedDays = 90
param auditYears = 7
param keepLogsDays = 180
param dailyLogLimitGb = 5

param alertAddresses = readEnvironmentVariable('ROTATION_ALERT_ADDRESSES')
param alertActionGroups = readEnvironmentVariable('ROTATION_ALERT_ACTION_GROUPS', '')

param monthlyBudget = 100
param budgetContacts = [
  'platform-team@contoso.com'
]
param budgetStart = readEnvironmentVariable('ROTATION_BUDGET_START')
