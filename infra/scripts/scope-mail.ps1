<#
.SYNOPSIS
Let the identity send mail as one mailbox and no other, by Exchange Online's RBAC for Applications (platform-facts.md F).

.DESCRIPTION
Microsoft Graph's Mail.Send would let it send as anybody, so it is never granted: the two would add up. Exchange has no
command in the Azure CLI, hence PowerShell. Shows what it would do; -Apply does it. Safe to run again.

Needs: module ExchangeOnlineManagement, and the Exchange role Organization Management (or Exchange Administrator in Entra).

.EXAMPLE
./scope-mail.ps1 -ClientId <client id of the identity> -ObjectId <its object id> -Mailbox rotation@contoso.com -Apply
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [guid] $ClientId,
    [Parameter(Mandatory)] [guid] $ObjectId,
    [Parameter(Mandatory)] [string] $Mailbox,
    [string] $Name = 'rotation-mail',
    [switch] $Apply
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest

Connect-ExchangeOnline -ShowBanner:$false
$address = (Get-EXOMailbox -Identity $Mailbox).PrimarySmtpAddress
$steps = @(
    @{
        What  = "service principal $ClientId in Exchange"
        There = { Get-ServicePrincipal | Where-Object AppId -EQ $ClientId }
        Make  = { New-ServicePrincipal -AppId $ClientId -ObjectId $ObjectId -DisplayName $Name }
    }
    @{
        What  = "scope $Name of $address alone"
        There = { Get-ManagementScope | Where-Object Name -EQ $Name }
        Make  = { New-ManagementScope -Name $Name -RecipientRestrictionFilter "PrimarySmtpAddress -eq '$address'" }
    }
    @{
        What  = "role 'Application Mail.Send' in that scope"
        There = { Get-ManagementRoleAssignment | Where-Object Name -EQ $Name }
        Make  = { New-ManagementRoleAssignment -Name $Name -App $ObjectId -Role 'Application Mail.Send' -CustomResourceScope $Name }
    }
)
foreach ($step in $steps) {
    if (& $step.There) { "$($step.What): there already" }
    elseif ($Apply) { & $step.Make | Out-Null; "$($step.What): made" }
    else { "$($step.What): would be made" }
}
if ($Apply) { Test-ServicePrincipalAuthorization -Identity $ObjectId -Resource $address }
else { 'Nothing was changed. Run it again with -Apply.' }
