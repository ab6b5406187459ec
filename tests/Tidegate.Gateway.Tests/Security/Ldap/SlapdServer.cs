using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Tests.Tls;

namespace Tidegate.Gateway.Tests.Security.Ldap;

/// <summary>
/// A directory of its own: OpenLDAP's slapd on free ports of the loopback address, with TLS, and with people in it. It takes a name
/// without a password for nobody and lets them in, as some directories do.
/// </summary>
public sealed class SlapdServer : IAsyncLifetime
{
    private const int Attempts = 5;

    private readonly ScratchDirectory _directory = new();
    private Process? _process;

    /// <summary>Certificate authority of the server's certificate, which is for 127.0.0.1.</summary>
    internal TestAuthority Authority { get; } = new();

    internal int Port { get; private set; }

    internal int TlsPort { get; private set; }

    public async Task InitializeAsync()
    {
        // A copy: where the system confines the installed one, that may read and write its own directories only.
        File.Copy("/usr/sbin/slapd", Path.Combine(_directory.Path, "slapd"));
        _directory.Write("server.pem", Authority.Keystore("127.0.0.1"));
        _directory.Write("authority.pem", Authority.Pem);
        Directory.CreateDirectory(Path.Combine(_directory.Path, "data"));
        string configuration = _directory.Write("slapd.conf", $"""
            include /etc/ldap/schema/core.schema
            include /etc/ldap/schema/cosine.schema
            include /etc/ldap/schema/nis.schema
            include /etc/ldap/schema/inetorgperson.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            allow bind_anon_cred
            TLSCACertificateFile {_directory.Path}/authority.pem
            TLSCertificateFile {_directory.Path}/server.pem
            TLSCertificateKeyFile {_directory.Path}/server.pem
            database mdb
            suffix "dc=example,dc=com"
            directory {_directory.Path}/data
            maxsize 10485760
            access to attrs=userPassword by anonymous auth by * none
            access to dn.subtree="ou=staff,dc=example,dc=com" by dn.exact="cn=gateway,dc=example,dc=com" read by * none
            access to * by * read
            """);
        string people = _directory.Write("people.ldif", People);
        using (Process load = Run("-Tadd", "-f", configuration, "-l", people))
        {
            string said = await load.StandardError.ReadToEndAsync();
            await load.WaitForExitAsync();
            Assert.True(load.ExitCode == 0, said);
        }

        for (int attempt = 1; !await TryStartAsync(FreePort(), FreePort()); attempt++)
        {
            // The ports have to be named before it starts, and may be taken by then.
            Assert.True(attempt < Attempts, "slapd does not start");
        }
    }

    /// <summary>Starts it again where it was.</summary>
    internal async Task RestartAsync() => Assert.True(await TryStartAsync(Port, TlsPort), "slapd does not start again");

    /// <summary>Ends it as a crash would.</summary>
    internal async Task StopAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    public async Task DisposeAsync()
    {
        if (_process is not null)
        {
            await StopAsync();
            _process.Dispose();
        }

        Authority.Dispose();
        _directory.Dispose();
    }

    private async Task<bool> TryStartAsync(int port, int tlsPort)
    {
        (Port, TlsPort) = (port, tlsPort);
        _process?.Dispose();
        _process = Run("-d", "0", "-f", Path.Combine(_directory.Path, "slapd.conf"), "-h", string.Create(CultureInfo.InvariantCulture, $"ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tlsPort}"));
        // What it says is thrown away, and never fills the pipe.
        _ = _process.StandardError.ReadToEndAsync();
        for (long began = Stopwatch.GetTimestamp(); !_process.HasExited && Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(30);)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port);
                // Somebody else's port would be taken, and slapd be about to end.
                await Task.Delay(TimeSpan.FromMilliseconds(50));
                return !_process.HasExited;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20));
            }
        }

        return false;
    }

    private Process Run(params string[] arguments) =>
        Process.Start(new ProcessStartInfo(Path.Combine(_directory.Path, "slapd"), arguments) { RedirectStandardError = true })!;

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string Person(string name, string uid, string password, string more = "") =>
        $"dn: {name},dc=example,dc=com\nobjectClass: inetOrgPerson\ncn: {uid}\nsn: Somebody\nuid: {uid}\nuserPassword: {password}\n{more}\n";

    private static string People { get; } =
        "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n"
        + string.Concat(((string[])["people", "more", "staff", "groups"]).Select(unit => $"dn: ou={unit},dc=example,dc=com\nobjectClass: organizationalUnit\nou: {unit}\n\n"))
        + "dn: cn=gateway,dc=example,dc=com\nobjectClass: person\ncn: gateway\nsn: Gateway\nuserPassword: may search\n\n"
        + Person("uid=joe,ou=people", "joe", "welcome", "employeeType: AUTHORIZED\nemployeeType: TRADER\n")
        + Person("uid=žofie,ou=people", "žofie", "pässwörd €")
        + Person("cn=Smith\\, Jim (jr) *\\\\,ou=people", "jim", "welcome")
        + Person("uid=twin,ou=people", "twin", "welcome")
        + Person("uid=twin,ou=more", "twin", "welcome")
        + Person("uid=boss,ou=staff", "boss", "welcome")
        + "dn: cn=TRADERS,ou=groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: TRADERS\nmember: uid=joe,ou=people,dc=example,dc=com\nmember: cn=Smith\\, Jim (jr) *\\\\,ou=people,dc=example,dc=com\n\n"
        + "dn: cn=unix,ou=groups,dc=example,dc=com\nobjectClass: posixGroup\ncn: unix\ngidNumber: 1000\nmemberUid: joe\n\n"
        + "dn: cn=OTHERS,ou=groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: OTHERS\nmember: uid=žofie,ou=people,dc=example,dc=com\n\n"
        // What it refers to leads elsewhere, and nobody is to go there.
        + "dn: ou=elsewhere,ou=people,dc=example,dc=com\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://192.0.2.1/ou=elsewhere,dc=example,dc=com\n\n";
}
