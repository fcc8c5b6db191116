# Updates one Windows credential on behalf of Rotation, one phase a run: discover, deliver, restart, verify.
# Windows PowerShell 5.1, run as an administrator or as SYSTEM. It leaves no file, and answers with one line.
# The value is fetched here, with this server's managed identity; nobody sends it. It lies in $Kept.Value alone and is
# only ever given to .NET methods: what cmdlets are given can be logged. See docs/integrations/ci-sync-agent.md.
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Request = '@@REQUEST@@'
$CredentialScript = @'
@@CREDENTIAL@@
'@

$Kept = @{ Value = '' }
$TaskPrefix = 'Rotation-Companion-'
$WellKnown = @{
    'localsystem' = 'S-1-5-18'
    'nt authority\system' = 'S-1-5-18'
    'nt authority\localservice' = 'S-1-5-19'
    'nt authority\networkservice' = 'S-1-5-20'
}

function Stop-With([string] $Reason, [string] $Why) {
    throw ('ROTATION|' + $Reason + '|' + $Why)
}

function ConvertTo-Line($Told) {
    $json = $Told | ConvertTo-Json -Depth 6 -Compress
    [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json))
}

function ConvertFrom-Line([string] $Line) {
    [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($Line)) | ConvertFrom-Json
}

# ---- What there is ----------------------------------------------------------------------------------------------

function Get-OneService($Asked) {
    $folder = $Asked.folder.TrimEnd('\') + '\'
    $found = @(Get-CimInstance -ClassName Win32_Service | Where-Object {
            $_.PathName -and $_.PathName.TrimStart('"').StartsWith($folder, [StringComparison]::OrdinalIgnoreCase) -and
            (-not $Asked.service -or $_.Name -eq $Asked.service)
        })
    if ($found.Count -ne 1) {
        Stop-With 'discovery-ambiguous' ('{0} services run from {1}' -f $found.Count, $folder)
    }
    $found[0]
}

# Gives each text that stands in an object beside our client id, with its path.
function Get-Candidates($Node, [string] $Path, [string] $ClientId) {
    if ($Node -is [Management.Automation.PSCustomObject]) {
        $texts = @($Node.PSObject.Properties | Where-Object { $_.Value -is [string] })
        if (@($texts | Where-Object { $_.Value -eq $ClientId }).Count -gt 0) {
            foreach ($text in $texts) {
                if ($text.Value -ne $ClientId -and $text.Value.Length -gt 0 -and $text.Value.Length -le 512) {
                    @{ path = $Path + '/' + $text.Name; target = $text.Value }
                }
            }
        }
        foreach ($property in $Node.PSObject.Properties) {
            Get-Candidates $property.Value ($Path + '/' + $property.Name) $ClientId
        }
    }
    elseif ($Node -is [Array]) {
        for ($place = 0; $place -lt $Node.Count; $place++) {
            Get-Candidates $Node[$place] ($Path + '/' + $place) $ClientId
        }
    }
}

function Get-Discovery($Asked) {
    $lsa = Get-ItemProperty -Path 'HKLM:\SYSTEM\CurrentControlSet\Control\Lsa'
    if ($lsa.PSObject.Properties['DisableDomainCreds'] -and $lsa.DisableDomainCreds -eq 1) {
        Stop-With 'credential-refused' 'the policy DisableDomainCreds forbids to store credentials'
    }
    $service = Get-OneService $Asked
    $file = Join-Path $Asked.folder $Asked.file
    if (-not (Test-Path -LiteralPath $file -PathType Leaf)) { Stop-With 'discovery-ambiguous' ('there is no ' + $file) }
    try { $settings = [IO.File]::ReadAllText($file) | ConvertFrom-Json }
    catch { Stop-With 'discovery-ambiguous' ($file + ' is no JSON that Windows PowerShell reads') }
    $candidates = @(Get-Candidates $settings '' $Asked.clientId)
    $job = @{ do = 'look'; targets = @($candidates | ForEach-Object { $_.target } | Select-Object -Unique) }
    $looked = Invoke-AsAccount $service.StartName $job
    $seen = @($looked.seen)
    $matching = @($candidates | Where-Object { $candidate = $_; @($seen | Where-Object { $_.target -eq $candidate.target }).Count -gt 0 })
    if ($matching.Count -ne 1) {
        $why = '{0} of {1} texts beside client id {2} in {3} name a credential of {4}'
        Stop-With 'discovery-ambiguous' ($why -f $matching.Count, $candidates.Count, $Asked.clientId, $file, $service.StartName)
    }
    if (-not $seen[0].readable) { Stop-With 'credential-refused' 'the credential is no UTF-16 text' }
    $names = ($service.Name, $service.StartName, $matching[0].path, $matching[0].target -join '|').ToLowerInvariant()
    $sha = [Security.Cryptography.SHA256]::Create()
    $digest = [BitConverter]::ToString($sha.ComputeHash([Text.Encoding]::UTF8.GetBytes($names))).Replace('-', '')
    @{
        service = $service.Name
        account = $service.StartName
        state = $service.State
        path = $matching[0].path
        target = $matching[0].target
        userName = $seen[0].userName
        persist = $seen[0].persist
        bytes = $seen[0].bytes
        lastWritten = $seen[0].lastWritten
        fingerprint = $digest.Substring(0, 16).ToLowerInvariant()
    }
}

function Get-Approved($Asked) {
    $found = Get-Discovery $Asked
    if ($found.fingerprint -ne $Asked.discovered) {
        Stop-With 'discovery-drifted' ('it is now {0} and not {1}' -f $found.fingerprint, $Asked.discovered)
    }
    $found
}

# ---- As the service's account -----------------------------------------------------------------------------------

function Get-Sid([string] $Account) {
    $known = $WellKnown[$Account.ToLowerInvariant()]
    if ($known) { return $known }
    $name = $Account -replace '^\.\\', ($env:COMPUTERNAME + '\')
    ([Security.Principal.NTAccount] $name).Translate([Security.Principal.SecurityIdentifier]).Value
}

# Runs the credential script here where we are that account, and else in a one-shot task of that account. A network
# logon (SSH with a key, WinRM) cannot store credentials (error 1312), so it takes the task as well.
function Invoke-AsAccount([string] $Account, $Job) {
    $me = [Security.Principal.WindowsIdentity]::GetCurrent()
    $sid = Get-Sid $Account
    $overNetwork = @($me.Groups | Where-Object { $_.Value -eq 'S-1-5-2' }).Count -gt 0
    if ($me.User.Value -eq $sid -and -not $overNetwork) {
        . ([scriptblock]::Create($CredentialScript))
        $told = $Answer
    }
    else { $told = Invoke-InTask $Account $sid $Job }
    if (-not $told.ok) { Stop-With $told.reason $told.why }
    $told
}

function Invoke-InTask([string] $Account, [string] $Sid, $Job) {
    if ($WellKnown.Values -contains $Sid) { $principal = New-ScheduledTaskPrincipal -UserId $Sid -LogonType ServiceAccount -RunLevel Highest }
    elseif ($Account.EndsWith('$')) { $principal = New-ScheduledTaskPrincipal -UserId $Account -LogonType Password }
    else { Stop-With 'account-out-of-reach' ('{0} signs in with a password that we do not have' -f $Account) }
    $name = $TaskPrefix + [Guid]::NewGuid().ToString('N')
    $pipe = New-PipeFor $Sid $name
    try {
        $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument (Get-TaskArguments $name)
        $null = Register-ScheduledTask -TaskName $name -Action $action -Principal $principal
        $waiting = $pipe.BeginWaitForConnection($null, $null)
        Start-ScheduledTask -TaskName $name
        if (-not $waiting.AsyncWaitHandle.WaitOne([TimeSpan]::FromSeconds(60))) {
            Stop-With 'account-out-of-reach' ('a task of {0} did not start within a minute' -f $Account)
        }
        $pipe.EndWaitForConnection($waiting)
        $writer = New-Object IO.StreamWriter($pipe)
        $reader = New-Object IO.StreamReader($pipe)
        $writer.WriteLine((ConvertTo-Line @{ script = $CredentialScript; job = $Job }))
        $writer.WriteLine($Kept.Value)
        $writer.Flush()
        $line = $reader.ReadLine()
        if (-not $line) { Stop-With 'account-out-of-reach' ('the task of {0} ended without an answer' -f $Account) }
        ConvertFrom-Line $line
    }
    finally {
        $pipe.Dispose()
        Unregister-ScheduledTask -TaskName $name -Confirm:$false -ErrorAction SilentlyContinue
    }
}

# Only that account and ours may open it, and only once.
function New-PipeFor([string] $Sid, [string] $Name) {
    $security = New-Object IO.Pipes.PipeSecurity
    $me = [Security.Principal.WindowsIdentity]::GetCurrent().User
    foreach ($who in $me, (New-Object Security.Principal.SecurityIdentifier($Sid))) {
        $security.AddAccessRule((New-Object IO.Pipes.PipeAccessRule($who, 'FullControl', 'Allow')))
    }
    New-Object IO.Pipes.NamedPipeServerStream($Name, 'InOut', 1, 'Byte', 'Asynchronous', 4096, 4096, $security)
}

function Get-TaskArguments([string] $Name) {
    $inTask = @'
$pipe = New-Object IO.Pipes.NamedPipeClientStream('.', '@@NAME@@', 'InOut')
$pipe.Connect(30000)
$reader = New-Object IO.StreamReader($pipe)
$writer = New-Object IO.StreamWriter($pipe)
$told = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($reader.ReadLine())) | ConvertFrom-Json
$Kept = @{ Value = $reader.ReadLine() }
$Job = $told.job
. ([scriptblock]::Create($told.script))
$json = $Answer | ConvertTo-Json -Depth 6 -Compress
$writer.WriteLine([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json)))
$writer.Flush()
$pipe.WaitForPipeDrain()
'@
    $bytes = [Text.Encoding]::Unicode.GetBytes($inTask.Replace('@@NAME@@', $Name))
    '-NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand ' + [Convert]::ToBase64String($bytes)
}

# ---- The value, by reference ------------------------------------------------------------------------------------

Add-Type -AssemblyName System.Web.Extensions
$JsonReader = New-Object Web.Script.Serialization.JavaScriptSerializer

# Arc's agent hands out a file that only administrators can read, whose text proves that we are one.
function Get-Token([string] $Resource) {
    $query = '?resource=' + [Uri]::EscapeDataString($Resource) + '&api-version='
    if (-not (Get-Service -Name 'himds' -ErrorAction SilentlyContinue)) {
        $address = 'http://169.254.169.254/metadata/identity/oauth2/token' + $query + '2018-02-01'
        return Get-TokenFrom $address @{ Metadata = 'true' }
    }
    $address = 'http://localhost:40342/metadata/identity/oauth2/token' + $query + '2020-06-01'
    $challenge = ''
    try { $null = Invoke-WebRequest -Uri $address -Headers @{ Metadata = 'true' } -UseBasicParsing -TimeoutSec 20 }
    catch [Net.WebException] {
        if ($_.Exception.Response) { $challenge = $_.Exception.Response.Headers['WWW-Authenticate'] }
    }
    $folder = Join-Path $env:ProgramData 'AzureConnectedMachineAgent\Tokens\'
    if ($challenge -notmatch '^Basic realm=(.+\.key)$' -or $Matches[1].Contains('..') -or
        -not $Matches[1].StartsWith($folder, [StringComparison]::OrdinalIgnoreCase)) {
        Stop-With 'value-unreadable' 'the Arc agent gave no challenge of the agreed form'
    }
    Get-TokenFrom $address @{ Metadata = 'true'; Authorization = 'Basic ' + [IO.File]::ReadAllText($Matches[1]) }
}

function Get-TokenFrom([string] $Address, [hashtable] $Headers) {
    $client = New-Object Net.WebClient
    $client.Proxy = $null
    foreach ($name in $Headers.Keys) { $client.Headers[$name] = $Headers[$name] }
    try { $JsonReader.DeserializeObject($client.DownloadString($Address))['access_token'] }
    catch { Stop-With 'value-unreadable' 'this server has no managed identity, or its identity service does not answer' }
}

function Get-Value($Asked) {
    if ($Asked.secretId -notmatch '^https://[0-9a-z-]+\.(vault\.(azure\.net|azure\.cn|usgovcloudapi\.net))/secrets/[0-9A-Za-z-]+/[0-9a-f]{32}$') {
        Stop-With 'value-unreadable' 'the reference names no version in a key vault of Azure'
    }
    $token = Get-Token ('https://' + $Matches[1])
    $client = New-Object Net.WebClient
    $client.Encoding = [Text.Encoding]::UTF8
    $client.Headers['Authorization'] = 'Bearer ' + $token
    try { $JsonReader.DeserializeObject($client.DownloadString($Asked.secretId + '?api-version=7.4'))['value'] }
    catch { Stop-With 'value-unreadable' 'the key vault did not give that version to the identity of this server' }
}

# ---- Phases -----------------------------------------------------------------------------------------------------

function Invoke-Deliver($Asked) {
    $found = Get-Approved $Asked
    $Kept.Value = Get-Value $Asked
    $told = Invoke-AsAccount $found.account @{ do = 'write'; target = $found.target }
    @{ written = $told.written; target = $found.target }
}

function Invoke-Restart($Asked) {
    $found = Get-Approved $Asked
    $service = Get-OneService $Asked
    $started = [DateTime]::MinValue
    if ($service.State -eq 'Running') { $started = (Get-Process -Id $service.ProcessId).StartTime.ToUniversalTime() }
    $written = [DateTime]::Parse($found.lastWritten, $null, [Globalization.DateTimeStyles]::RoundtripKind)
    if ($started -gt $written) { return @{ restarted = $false } }
    try {
        Restart-Service -Name $service.Name -Force
        (Get-Service -Name $service.Name).WaitForStatus('Running', [TimeSpan]::FromSeconds(60))
    }
    catch { Stop-With 'service-failed' ('{0} did not start within a minute' -f $service.Name) }
    $first = Get-OneService $Asked
    Start-Sleep -Seconds 15
    $second = Get-OneService $Asked
    if ($second.State -ne 'Running' -or $second.ProcessId -ne $first.ProcessId) {
        Stop-With 'service-failed' ('{0} was restarted and does not stay up ({1})' -f $service.Name, $second.State)
    }
    @{ restarted = $true }
}

function Invoke-Verify($Asked) {
    $found = Get-Approved $Asked
    Invoke-AsAccount $found.account @{ do = 'prove'; target = $found.target; nonce = $Asked.nonce; signIn = $Asked.signIn }
}

[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
try {
    $asked = ConvertFrom-Line $Request
    switch ($asked.phase) {
        'discover' { $result = Get-Discovery $asked }
        'deliver' { $result = Invoke-Deliver $asked }
        'restart' { $result = Invoke-Restart $asked }
        'verify' { $result = Invoke-Verify $asked }
        default { Stop-With 'companion-failed' 'there is no such phase' }
    }
    $reply = @{ ok = $true; phase = $asked.phase; result = $result }
}
catch {
    $parts = $_.Exception.Message.Split('|')
    if ($parts.Count -ge 3 -and $parts[0] -eq 'ROTATION') { $reply = @{ ok = $false; reason = $parts[1]; why = $parts[2] } }
    else {
        $where = '{0} in line {1}' -f $_.Exception.GetType().Name, $_.InvocationInfo.ScriptLineNumber
        $reply = @{ ok = $false; reason = 'companion-failed'; why = $where }
    }
}
Write-Output ('ROTATION-ANSWER:' + (ConvertTo-Line $reply) + ':END')
