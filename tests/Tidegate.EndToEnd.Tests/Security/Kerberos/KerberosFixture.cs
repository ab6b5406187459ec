using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.EndToEnd.Tests.Security.Kerberos;

/// <summary>A key distribution centre, joe's ticket, and a gateway with keys of HTTP/localhost: one for all tests, since they only ask.</summary>
public sealed class KerberosFixture : IAsyncLifetime
{
    /// <summary>The name of those who share it.</summary>
    internal const string Collection = "Kerberos";

    private readonly DeadPort _silent = new();
    private KeyDistributionCenter? _center;

    internal GatewayProcess Gateway { get; private set; } = null!;

    /// <summary>Such as <c>localhost:8000</c>.</summary>
    internal string Authority { get; private set; } = "";

    public async Task InitializeAsync()
    {
        _center = await KeyDistributionCenter.StartAsync();
        await KeyDistributionCenter.AdministerAsync(
            "addprinc -randkey HTTP/localhost", "addprinc -randkey HTTP/elsewhere", "addprinc -randkey host/localhost",
            "ktadd -norandkey -k gateway.keytab HTTP/localhost host/localhost", "ktadd -norandkey -k elsewhere.keytab HTTP/elsewhere");
        // Clients of .NET ask for a ticket of the first name that the address has.
        if ((await Dns.GetHostEntryAsync("localhost")).HostName is var name && name != "localhost")
        {
            await KeyDistributionCenter.AdministerAsync($"addprinc -randkey HTTP/{name}", $"ktadd -norandkey -k gateway.keytab HTTP/{name}");
        }

        await KeyDistributionCenter.RunAsync("echo welcome | kinit joe");
        _silent.Listen();
        File.WriteAllText(KeyDistributionCenter.In("users.xml"), """
            <jaas-config xmlns="http://xmlns.kaazing.com/jaas-config/centurion">
              <user><name>joe</name><password>unknown to all</password><role-name>TRADER</role-name></user>
              <role><name>TRADER</name></role>
            </jaas-config>
            """);
        Gateway = await StartAsync(
            $"""
            <security>
              {Realm("native", "Negotiate", "<keyTab>gateway.keytab</keyTab><useKeyTab>true</useKeyTab><principal>*</principal>", Gss)}
              {Realm("library", "Application Negotiate", "<keyTab>gateway.keytab</keyTab><principal>HTTP/localhost@EXAMPLE.COM</principal>", Gss)}
              {Realm("elsewhere", "Negotiate", "<keyTab>elsewhere.keytab</keyTab>")}
              {Realm("host", "Negotiate", "<keyTab>gateway.keytab</keyTab><principal>host/localhost</principal>")}
              {Realm("traders", "Negotiate", "<keyTab>gateway.keytab</keyTab><strip-realm>EXAMPLE.COM</strip-realm>", FileModule)}
            </security>
            {Service("directory", "http://localhost:0/", "native", "<properties><directory>/welcome</directory><welcome-file>index.html</welcome-file></properties>")}
            {Service("echo", "ws://localhost:0/native", "native")}
            {Service("proxy", "sse://localhost:0/events", "native", $"<connect>tcp://127.0.0.1:{_silent.Number}</connect>")}
            {Service("echo", "ws://localhost:0/library", "library")}
            {Service("echo", "ws://localhost:0/elsewhere", "elsewhere")}
            {Service("echo", "ws://localhost:0/host", "host")}
            {Service("echo", "ws://localhost:0/joe", "native", role: "joe@EXAMPLE.COM")}
            {Service("echo", "ws://localhost:0/traders", "traders", role: "TRADER")}
            {Service("echo", "ws://localhost:0/others", "traders", role: "OTHER")}
            """);
        Authority = Gateway.Served("http://localhost:0/").Authority;
    }

    public async Task DisposeAsync()
    {
        if (Gateway is { } gateway)
        {
            await gateway.DisposeAsync();
        }

        if (_center is { } center)
        {
            await center.DisposeAsync();
        }

        _silent.Dispose();
    }

    /// <summary>A token of joe's for a service of this host, as curl makes one. Each is good once.</summary>
    internal static async Task<byte[]> TokenAsync(string service = "HTTP", string cache = "tickets")
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<ChildProcess> curl = KeyDistributionCenter.TryAsync(
            $"KRB5CCNAME=FILE:{KeyDistributionCenter.In(cache)} curl --silent --max-time 30 --negotiate --user : --service-name {service} --resolve localhost:{((IPEndPoint)listener.LocalEndpoint).Port}:127.0.0.1 http://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}/");
        using TcpClient connection = await listener.AcceptTcpClientAsync(Patience.Token);
        using var reader = new StreamReader(connection.GetStream(), Encoding.Latin1);
        const string Shown = "Authorization: Negotiate ";
        string? line;
        do
        {
            line = await reader.ReadLineAsync(Patience.Token);
        }
        while (line is { Length: > 0 } && !line.StartsWith(Shown, StringComparison.Ordinal));
        await connection.GetStream().WriteAsync("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"u8.ToArray());
        connection.Close();
        await curl;
        return Convert.FromBase64String(line is { Length: > 0 } ? line[Shown.Length..] : "");
    }

    /// <summary>Starts a gateway that knows this Kerberos, with these elements, and waits until it is up.</summary>
    internal static async Task<GatewayProcess> StartAsync(string elements)
    {
        GatewayProcess gateway = Launch(elements);
        try
        {
            await gateway.Process.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts one, and does not wait.</summary>
    internal static GatewayProcess Launch(string elements) => GatewayProcess.LaunchOn(
        [.. KeyDistributionCenter.Variables.Select(variable => $"{variable.Key}={variable.Value}")],
        GatewayProcess.Configuration(elements).Replace("<keyTab>", $"<keyTab>{KeyDistributionCenter.In("")}/", StringComparison.Ordinal)
            .Replace("<file>", $"<file>{KeyDistributionCenter.In("")}/", StringComparison.Ordinal),
        ["--log-level", "tidegate.security=debug"]);

    internal static string Realm(string name, string scheme, string options, string more = "") =>
        $"""
        <realm>
          <name>{name}</name>
          <authentication>
            <http-challenge-scheme>{scheme}</http-challenge-scheme>
            <login-modules>
              <login-module><type>kerberos5</type><success>required</success><options>{options}</options></login-module>{more}
            </login-modules>
          </authentication>
        </realm>
        """;

    private const string Gss = "<login-module><type>gss</type><success>required</success></login-module>";

    private const string FileModule = "<login-module><type>file</type><success>required</success><options><file>users.xml</file></options></login-module>";

    internal static string Service(string type, string accept, string realm, string more = "", string role = "*") =>
        GatewayProcess.Service(type, accept, $"{more}<realm-name>{realm}</realm-name><authorization-constraint><require-role>{role}</require-role></authorization-constraint>");
}

/// <summary>Those who share one.</summary>
[CollectionDefinition(KerberosFixture.Collection)]
public sealed class KerberosCollection : ICollectionFixture<KerberosFixture>;
