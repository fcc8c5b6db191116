// One workbook over any number of workspaces: those of the subscription that bear the tag application=rotation, and
// for a provider those of every subscription that Azure Lighthouse lets them see.

@description('Azure region.')
param location string

@description('Tags.')
param tags object

@description('Workspace beside which the workbook is listed.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'rotation')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Rotation'
    description: 'What is so now, what happened at night, and what waits for people.'
    category: 'workbook'
    sourceId: toLower(workspaceId)
    version: 'Notebook/1.0'
    serializedData: loadTextContent('../workbooks/rotation.json')
  }
}

@description('Resource id of the workbook.')
output id string = workbook.id
