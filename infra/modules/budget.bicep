// Tells people before the money is spent. Azure stops nothing by itself.

@description('Name of the budget.')
param name string

@description('Amount a month, in the currency of the billing account.')
@minValue(1)
param monthlyAmount int

@description('First day of the first month, such as 2027-01-01. Azure takes no month that has passed, and no change later.')
param startDate string

@description('Addresses that are told.')
@minLength(1)
param contacts array

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: name
  properties: {
    category: 'Cost'
    amount: monthlyAmount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: startDate
    }
    notifications: {
      spent: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: contacts
      }
      foreseen: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: contacts
      }
    }
  }
}
