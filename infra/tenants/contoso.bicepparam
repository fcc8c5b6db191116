// One customer, one file. Its head says where it belongs; infra/scripts/deploy-tenant.sh reads it and refuses any other place.
// tenant:       aaaaaaaa-0000-4000-8000-00000000c001
// subscription: bbbbbbbb-0000-4000-8000-00000000c001
// cloud:        AzureCloud
using '../main.bicep'

param environmentName = 'contoso'
param location = 'westeurope'
param tags = {
  customer: 'contoso'
}

param pipelinePrincipalId = 'cccccccc-0000-4000-8000-00000000c001'
param operatorsGroupId = 'dddddddd-0000-4000-8000-00000000c001'

param privateNetwork = true
param auditYears = 7
param keepLogsDays = 180
param alertAddresses = 'rotation@provider.example'

param monthlyBudget = 100
param budgetContacts = [
  'rotation@provider.example'
]
param budgetStart = '2027-01-01'
