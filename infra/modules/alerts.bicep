// Alerts as code: each asks one question of infra/queries, and fires when there is an answer. docs/runbook.md has a heading
// for each. People hear of most of this from Rotation itself; these also tell when Rotation is the one that is silent.

@description('Name of the deployment, which begins the name of each alert.')
param name string

@description('Azure region.')
param location string

@description('Tags.')
param tags object

@description('Resource id of the workspace that telemetry goes to.')
param workspaceId string

@description('Mail addresses that are told. Empty: none.')
param addresses array

@description('Resource ids of action groups that are there already. Empty: none.')
param actionGroupIds array

@description('Address of the runbook, to which each alert points.')
param runbook string

// reach: how far back the question looks, where that is further than the window of the rule.
var rules = [
  {
    name: 'no-complete-scan'
    what: 'No nightly scan was complete in 26 hours.'
    severity: 0
    every: 'PT1H'
    window: 'P1D'
    reach: 'P2D'
    query: loadTextContent('../queries/no-complete-scan.kql')
  }
  {
    name: 'incomplete-scan'
    what: 'A scan could not read everything.'
    severity: 1
    every: 'PT15M'
    window: 'PT15M'
    reach: null
    query: loadTextContent('../queries/incomplete-scan.kql')
  }
  {
    name: 'canary-failed'
    what: 'The canary did not complete; nothing else was opened.'
    severity: 1
    every: 'PT15M'
    window: 'PT15M'
    reach: null
    query: loadTextContent('../queries/canary-failed.kql')
  }
  {
    name: 'breaker-open'
    what: 'The circuit breaker is open.'
    severity: 1
    every: 'PT15M'
    window: 'PT1H'
    reach: null
    query: loadTextContent('../queries/breaker-open.kql')
  }
  {
    name: 'contested'
    what: 'Somebody else changes what Rotation manages.'
    severity: 1
    every: 'PT15M'
    window: 'PT15M'
    reach: null
    query: loadTextContent('../queries/contested.kql')
  }
  {
    name: 'blocked'
    what: 'A rotation, a delivery or a line stopped.'
    severity: 2
    every: 'PT15M'
    window: 'PT15M'
    reach: null
    query: loadTextContent('../queries/blocked.kql')
  }
  {
    name: 'poison-queue'
    what: 'The host gave up on a message.'
    severity: 2
    every: 'PT15M'
    window: 'PT15M'
    reach: null
    query: loadTextContent('../queries/poison-queue.kql')
  }
  {
    name: 'bug'
    what: 'Something failed that no error describes.'
    severity: 2
    every: 'PT15M'
    window: 'PT15M'
    reach: null
    query: loadTextContent('../queries/bug.kql')
  }
  {
    name: 'hand-off-overdue'
    what: 'A hand-off is past its deadline.'
    severity: 2
    every: 'PT1H'
    window: 'PT2H'
    reach: null
    query: loadTextContent('../queries/hand-off-overdue.kql')
  }
  {
    name: 'last-days'
    what: 'An enrolled secret ends within 7 days.'
    severity: 1
    every: 'PT1H'
    window: 'PT2H'
    reach: null
    query: loadTextContent('../queries/last-days.kql')
  }
  {
    name: 'throttled'
    what: 'More than one call in twenty was throttled.'
    severity: 3
    every: 'PT1H'
    window: 'PT1H'
    reach: null
    query: loadTextContent('../queries/throttled.kql')
  }
  {
    name: 'connections-ending'
    what: 'A secret of a connection ends within 14 days.'
    severity: 2
    every: 'PT6H'
    window: 'P1D'
    reach: null
    query: loadTextContent('../queries/connections-ending.kql')
  }
  {
    name: 'people-unreached'
    what: 'A message to people was given up.'
    severity: 2
    every: 'PT1H'
    window: 'PT1H'
    reach: null
    query: loadTextContent('../queries/people-unreached.kql')
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(addresses)) {
  name: '${name}-people'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'rotation'
    emailReceivers: [for (address, index) in addresses: {
      name: 'address-${index}'
      emailAddress: address
      useCommonAlertSchema: true
    }]
  }
}

resource alert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${name}-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Rotation: ${rule.what}'
    description: '${rule.what} ${runbook}#alert-${rule.name}'
    enabled: true
    severity: rule.severity
    scopes: [
      workspaceId
    ]
    evaluationFrequency: rule.every
    windowSize: rule.window
    overrideQueryTimeRange: rule.reach
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    // It is over when the question has no answer any more.
    autoMitigate: true
    // The tables are made by the first telemetry that arrives.
    skipQueryValidation: true
    actions: {
      actionGroups: concat(actionGroupIds, empty(addresses) ? [] : [people.id])
    }
  }
}]
