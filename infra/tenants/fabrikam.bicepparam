// A customer in a national cloud: the addresses follow from the cloud that it is deployed in.
// tenant:       aaaaaaaa-0000-4000-8000-00000000fa01
// subscription: bbbbbbbb-0000-4000-8000-00000000fa01
// cloud:        AzureUSGovernment
using '../main.bicep'

param environmentName = 'fabrikam'
param location = 'usgovvirginia'
param tags = {
  customer: 'fabrikam'
}

param pipelinePrincipalId = 'cccccccc-0000-4000-8000-00000000fa01'
param operatorsGroupId = 'dddddddd-0000-4000-8000-00000000fa01'

// No report of credential use there: the tenant's sign-in logs are the source of evidence.
param signInWorkspaces = 'eeeeeeee-0000-4000-8000-00000000fa01'
param auditYears = 7
param alertAddresses = 'rotation@provider.example'
