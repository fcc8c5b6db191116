// The host's storage account, which is the ledger's too: tables, queues, and containers that do not share their rights.
// tests/infra holds that these names are those of the code.

@description('Name of the account: 3 to 24 lower-case letters and digits.')
@minLength(3)
@maxLength(24)
param name string

@description('Azure region.')
param location string

@description('Tags.')
param tags object

@description('Redundancy of the account.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
])
param redundancy string

@description('Only private endpoints reach the account; addresses of allowedIpRanges do too.')
param privateNetwork bool

@description('Public address ranges that may reach the account beside the private endpoints. Has no effect without privateNetwork.')
param allowedIpRanges array

@description('How many days deleted blobs, containers and old versions can be had back.')
@minValue(1)
@maxValue(365)
param keepDeletedDays int

@description('How many years the audit trail is kept.')
@minValue(1)
@maxValue(100)
param auditYears int

@description('Object id of the identity that the function app acts as.')
param identityPrincipalId string

@description('Object id of who may change the configuration. Empty: nobody.')
param configurationWriterId string

@description('Kind of configurationWriterId.')
@allowed([
  'User'
  'Group'
  'ServicePrincipal'
])
param configurationWriterType string

@description('Object id of the group whose members use the terminal. Empty: nobody.')
param operatorsGroupId string

@description('Workspace that keeps the audit of blob writes.')
param workspaceId string

// rotation/ledger/keys.py, TABLES
var tables = [
  'rotations'
  'lines'
  'vaultnames'
  'wakes'
  'leases'
  'expiries'
  'reminders'
  'notices'
  'scans'
  'control'
  'once'
]

// rotation/ledger/keys.py, QUEUES; and the one that the host moves to what it gives up on
var queues = [
  'scans'
  'scans-poison'
  'rotations'
  'rotations-poison'
  'deliveries'
  'deliveries-poison'
  'notices'
  'notices-poison'
]

// The first two are the host's own: its locks and timers, and its function keys.
var hostContainers = [
  'azure-webjobs-hosts'
  'azure-webjobs-secrets'
]
var packageContainer = 'app-package'
var snapshotContainer = 'snapshots'
var configurationContainer = 'configuration'
var auditContainer = 'audit'
var containers = concat(hostContainers, [packageContainer, snapshotContainer, configurationContainer, auditContainer])

var blobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var blobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
var queueMessageSender = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
var tableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  // checkov:skip=CKV_AZURE_35:the default is Deny with privateNetwork, which checkov cannot evaluate; without it Entra alone opens the account
  // checkov:skip=CKV_AZURE_206:Standard_ZRS by default; checkov does not evaluate the parameter
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: redundancy
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: privateNetwork && empty(allowedIpRanges) ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: privateNetwork ? 'None' : 'AzureServices'
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
      ipRules: [for block in (privateNetwork ? allowedIpRanges : []): {
        value: block
        action: 'Allow'
      }]
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: {
      enabled: true
      days: keepDeletedDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: keepDeletedDays
    }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = [for each in containers: {
  parent: blobs
  name: each
  properties: {
    publicAccess: 'None'
  }
}]

// The audit trail: what is added to it can be neither changed nor deleted, by nobody, until it is as old as it must be.
// (docs/deploy.md says how to lock this, after which not even an owner of the subscription can shorten it.)
resource keepAudit 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2023-05-01' = {
  parent: container[5]
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: auditYears * 366
    allowProtectedAppendWrites: true
  }
}

// Old versions of the configuration and of snapshots are kept as long as deleted blobs. The host writes the state of its
// timers each minute, so old versions of that go after a day.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'forget-versions-of-the-host'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: [
                'blockBlob'
              ]
              prefixMatch: [
                'azure-webjobs-hosts/'
              ]
            }
            actions: {
              version: {
                delete: {
                  daysAfterCreationGreaterThan: 1
                }
              }
            }
          }
        }
        {
          name: 'forget-old-audit'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: [
                'appendBlob'
              ]
              prefixMatch: [
                '${auditContainer}/'
              ]
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: auditYears * 366 + 1
                }
              }
            }
          }
        }
        {
          name: 'forget-old-versions'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: [
                'blockBlob'
              ]
            }
            actions: {
              version: {
                delete: {
                  daysAfterCreationGreaterThan: keepDeletedDays
                }
              }
            }
          }
        }
      ]
    }
  }
  dependsOn: [
    blobs
  ]
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = [for each in queues: {
  parent: queueService
  name: each
}]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = [for each in tables: {
  parent: tableService
  name: each
}]

// Rights. Blobs: a role a container, so that the app reads its configuration and cannot write it.
// (`container` is in the order of `containers`: two of the host, package, snapshots, configuration, audit.)
resource hostOwns 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, index) in hostContainers: {
  name: guid(account.id, each, identityPrincipalId, blobDataOwner)
  scope: container[index]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataOwner)
  }
}]

// The platform unpacks and stores deployments with the app's identity.
resource packageWrite 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, packageContainer, identityPrincipalId, blobDataContributor)
  scope: container[2]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

resource snapshotsWrite 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, snapshotContainer, identityPrincipalId, blobDataContributor)
  scope: container[3]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

resource configurationRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, configurationContainer, identityPrincipalId, blobDataReader)
  scope: container[4]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
  }
}

resource configurationWrite 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(configurationWriterId)) {
  name: guid(account.id, configurationContainer, configurationWriterId, blobDataContributor)
  scope: container[4]
  properties: {
    principalId: configurationWriterId
    principalType: configurationWriterType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

// The policy of the container takes from this right all but adding and reading.
resource auditAppend 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, auditContainer, identityPrincipalId, blobDataContributor)
  scope: container[5]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

resource queueUse 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, index) in queues: {
  name: guid(account.id, 'queue', each, identityPrincipalId, queueDataContributor)
  scope: queue[index]
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueDataContributor)
  }
}]

// Tables: the account, because the host makes tables of its own (AzureFunctionsDiagnosticEvents<month>).
resource tableUse 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, identityPrincipalId, tableDataContributor)
  scope: account
  properties: {
    principalId: identityPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableDataContributor)
  }
}

// People at a terminal read and write the ledger and send nudges; they read the configuration and the snapshots.
resource terminalTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(account.id, operatorsGroupId, tableDataContributor)
  scope: account
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', tableDataContributor)
  }
}

resource terminalQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(account.id, operatorsGroupId, queueMessageSender)
  scope: account
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueMessageSender)
  }
}

resource terminalSnapshots 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(account.id, snapshotContainer, operatorsGroupId, blobDataReader)
  scope: container[3]
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
  }
}

resource terminalConfiguration 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(account.id, configurationContainer, operatorsGroupId, blobDataReader)
  scope: container[4]
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
  }
}

resource terminalAudit 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsGroupId)) {
  name: guid(account.id, auditContainer, operatorsGroupId, blobDataReader)
  scope: container[5]
  properties: {
    principalId: operatorsGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
  }
}

// Who wrote the configuration, and who deleted what.
resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit'
  scope: blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Address of blobs.')
output blobAddress string = account.properties.primaryEndpoints.blob

@description('Address of queues.')
output queueAddress string = account.properties.primaryEndpoints.queue

@description('Address of tables.')
output tableAddress string = account.properties.primaryEndpoints.table

@description('Container of deployment packages.')
output packageContainer string = packageContainer

@description('Container of the configuration.')
output configurationContainer string = configurationContainer
