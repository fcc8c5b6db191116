// For trying things out: cheap, open to the internet (Entra alone opens anything), short memory.
// az deployment sub what-if --location "$AZURE_LOCATION" --parameters infra/main.dev.bicepparam
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION')
param tags = {
  stage: 'dev'
}

param pipelinePrincipalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '')
param pipelinePrincipalType = 'User'
param operatorsGroupId = readEnvironmentVariable('ROTATION_OPERATORS_GROUP_ID', '')

param manageAllApplications = false
param privateNetwork = false

param auditYears = 1
param storageRedundancy = 'Standard_LRS'
param storageKeepDeletedDays = 7
param vaultKeepDeletedDays = 7
param keepLogsDays = 30
param dailyLogLimitGb = 1
