# The part that must run as the service's own account: the Windows Credential Store is that account's alone.
# Reads $Job (what to do) and $Kept.Value (the secret, or nothing) from the scope that it is run in, and sets $Answer.
# Windows PowerShell 5.1. The value is only ever given to .NET methods: what cmdlets are given can be logged.

if (-not ('RotationCompanion.Store' -as [type])) {
    Add-Type -TypeDefinition @"
using System;
using System.Collections.Specialized;
using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace RotationCompanion
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct Record
    {
        public uint Flags;
        public uint Type;
        public IntPtr TargetName;
        public IntPtr Comment;
        public System.Runtime.InteropServices.ComTypes.FILETIME LastWritten;
        public uint BlobSize;
        public IntPtr Blob;
        public uint Persist;
        public uint AttributeCount;
        public IntPtr Attributes;
        public IntPtr TargetAlias;
        public IntPtr UserName;
    }

    public sealed class Entry
    {
        public string UserName;
        public uint Persist;
        public int Bytes;
        public string Text;
        public DateTime LastWritten;
    }

    public static class Store
    {
        private const uint Generic = 1;
        private const int NotFound = 1168;
        private const int LargestBlob = 2560;

        [DllImport("advapi32.dll", EntryPoint = "CredReadW", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool CredRead(string target, uint type, uint flags, out IntPtr record);

        [DllImport("advapi32.dll", EntryPoint = "CredWriteW", SetLastError = true)]
        private static extern bool CredWrite(ref Record record, uint flags);

        [DllImport("advapi32.dll")]
        private static extern void CredFree(IntPtr record);

        // Nothing where there is no such entry; Text is null where the blob is not printable UTF-16.
        public static Entry Read(string target)
        {
            IntPtr found;
            if (!CredRead(target, Generic, 0, out found))
            {
                int code = Marshal.GetLastWin32Error();
                if (code == NotFound) { return null; }
                throw new Win32Exception(code);
            }
            try
            {
                Record record = (Record)Marshal.PtrToStructure(found, typeof(Record));
                byte[] blob = new byte[record.BlobSize];
                if (blob.Length > 0) { Marshal.Copy(record.Blob, blob, 0, blob.Length); }
                long ticks = ((long)record.LastWritten.dwHighDateTime << 32) | (uint)record.LastWritten.dwLowDateTime;
                Entry entry = new Entry();
                entry.UserName = Marshal.PtrToStringUni(record.UserName);
                entry.Persist = record.Persist;
                entry.Bytes = blob.Length;
                entry.Text = Printable(blob);
                entry.LastWritten = DateTime.FromFileTimeUtc(ticks);
                return entry;
            }
            finally { CredFree(found); }
        }

        // Writes the record that is there once more, with another blob and nothing else changed.
        public static void Replace(string target, string text)
        {
            byte[] blob = Encoding.Unicode.GetBytes(text);
            if (blob.Length > LargestBlob) { throw new ArgumentException("longer than a credential may be"); }
            IntPtr found;
            if (!CredRead(target, Generic, 0, out found)) { throw new Win32Exception(Marshal.GetLastWin32Error()); }
            GCHandle pinned = GCHandle.Alloc(blob, GCHandleType.Pinned);
            try
            {
                Record record = (Record)Marshal.PtrToStructure(found, typeof(Record));
                record.Blob = pinned.AddrOfPinnedObject();
                record.BlobSize = (uint)blob.Length;
                if (!CredWrite(ref record, 0)) { throw new Win32Exception(Marshal.GetLastWin32Error()); }
            }
            finally
            {
                pinned.Free();
                Array.Clear(blob, 0, blob.Length);
                CredFree(found);
            }
        }

        public static string Prove(string target, string nonce)
        {
            Entry entry = Read(target);
            using (HMACSHA256 proof = new HMACSHA256(Encoding.UTF8.GetBytes(entry.Text)))
            {
                byte[] told = proof.ComputeHash(Encoding.UTF8.GetBytes(nonce));
                return BitConverter.ToString(told).Replace("-", "").ToLowerInvariant();
            }
        }

        // "yes", "no" where the secret is refused, or why nobody knows.
        public static string SignIn(string target, string address, string clientId, string scope)
        {
            NameValueCollection form = new NameValueCollection();
            form["grant_type"] = "client_credentials";
            form["client_id"] = clientId;
            form["client_secret"] = Read(target).Text;
            form["scope"] = scope;
            try
            {
                using (WebClient client = new WebClient()) { client.UploadValues(address, form); }
                return "yes";
            }
            catch (WebException error)
            {
                HttpWebResponse answer = error.Response as HttpWebResponse;
                if (answer == null) { return error.Status.ToString(); }
                int status = (int)answer.StatusCode;
                return status == 400 || status == 401 ? "no" : "HTTP " + status;
            }
        }

        private static string Printable(byte[] blob)
        {
            if (blob.Length == 0 || blob.Length % 2 != 0) { return null; }
            string text = Encoding.Unicode.GetString(blob);
            foreach (char each in text) { if (each < ' ' || each > '~') { return null; } }
            return text;
        }
    }
}
"@
}

[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

$Answer = @{ ok = $true }
try {
    switch ($Job.do) {
        'look' {
            $seen = @()
            foreach ($target in $Job.targets) {
                $entry = [RotationCompanion.Store]::Read($target)
                if ($null -ne $entry) {
                    $seen += @{
                        target = $target
                        userName = $entry.UserName
                        persist = $entry.Persist
                        bytes = $entry.Bytes
                        readable = $null -ne $entry.Text
                        lastWritten = $entry.LastWritten.ToString('o')
                    }
                }
            }
            $Answer.seen = $seen
        }
        'write' {
            $same = [RotationCompanion.Store]::Read($Job.target).Text -ceq $Kept.Value
            if (-not $same) { [RotationCompanion.Store]::Replace($Job.target, $Kept.Value) }
            $Answer.written = -not $same
            $Answer.ok = [RotationCompanion.Store]::Read($Job.target).Text -ceq $Kept.Value
            if (-not $Answer.ok) { $Answer.reason = 'credential-refused'; $Answer.why = 'what was written reads back otherwise' }
        }
        'prove' {
            $Answer.proof = [RotationCompanion.Store]::Prove($Job.target, $Job.nonce)
            if ($Job.signIn) {
                $asked = $Job.signIn
                $Answer.signedIn = [RotationCompanion.Store]::SignIn($Job.target, $asked.address, $asked.clientId, $asked.scope)
            }
        }
    }
}
catch {
    $error_ = $_.Exception
    while ($null -ne $error_.InnerException) { $error_ = $error_.InnerException }
    $Answer = @{ ok = $false; reason = 'credential-refused'; why = $error_.GetType().Name }
    if ($error_ -is [ComponentModel.Win32Exception]) { $Answer.why = 'Windows error ' + $error_.NativeErrorCode }
}
