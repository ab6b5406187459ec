namespace Tidegate.Bench.Orchestration;

/// <summary>The servers that are measured. Adding one is an entry here and, where it needs one, a file in <c>bench/peers</c>.</summary>
internal static class PeerCatalog
{
    // SslStream has no such choice: it then agrees on AES-256-GCM.
    private static string Ciphers => Environment.GetEnvironmentVariable("TIDEGATE_TLS") == "sslstream"
        ? ""
        : "<ssl.ciphers>TLS_AES_128_GCM_SHA256</ssl.ciphers>";

    internal static readonly Peer[] All =
    [
        new("direct", "no gateway: the echo server itself, on the server's core", "@BENCH@", ["backend-ws", "--port", "@PORT@"], Backend.None),
        new("tidegate", "Tidegate, WebSocket to TCP", "@ROOT@/tidegate", ["start", "--config", "@CONFIG@"], Backend.Tcp)
        {
            Configuration = "tidegate.xml",
            Path = "/relay",
            WarmSeconds = 20,
            TlsWords = new()
            {
                ["SCHEME"] = "wss",
                ["SECURITY"] = "<security><keystore><file>@KEYSTORE@</file></keystore></security>",
                ["OPTIONS"] = $"<accept-options><ssl.protocols>TLSv1.3</ssl.protocols>{Ciphers}</accept-options>",
            },
            Words = new() { ["SCHEME"] = "ws", ["SECURITY"] = "", ["OPTIONS"] = "" },
        },
        Nginx("nginx", "default buffers", "4k"),
        Nginx("nginx-64k", "64 KiB buffers", "64k"),
        Nginx("nginx-128k", "128 KiB buffers, which a frame of 64 KiB fits into with its header", "128k"),
        Haproxy("haproxy", "default buffers", "16384"),
        Haproxy("haproxy-64k", "64 KiB buffers", "65536"),
        Haproxy("haproxy-128k", "128 KiB buffers", "131072"),
        new("h2o", "h2o, passing WebSocket through", "h2o", ["-m", "worker", "-c", "@CONFIG@"], Backend.WebSocket)
        {
            Configuration = "h2o.conf",
            Package = "h2o",
        },
        new("caddy", "Caddy, passing WebSocket through", "caddy", ["run", "--adapter", "caddyfile", "--config", "@CONFIG@"], Backend.WebSocket)
        {
            Configuration = "caddy.conf",
            Package = "caddy",
            Environment = new() { ["GOMAXPROCS"] = "1", ["HOME"] = "@TEMP@", ["XDG_DATA_HOME"] = "@TEMP@", ["XDG_CONFIG_HOME"] = "@TEMP@" },
        },
        new("lighttpd", "lighttpd mod_wstunnel, WebSocket to TCP", "lighttpd", ["-D", "-f", "@CONFIG@"], Backend.Tcp)
        {
            Configuration = "lighttpd.conf",
            Package = "lighttpd",
        },
        new("websockify", "websockify, WebSocket to TCP", "websockify", ["127.0.0.1:@PORT@", "127.0.0.1:@BACKEND@"], Backend.Tcp)
        {
            Package = "websockify",
            MostIdlePairs = 200,
        },
    ];

    private static Peer Nginx(string name, string buffers, string size) =>
        new(name, "nginx, passing WebSocket through, " + buffers, "nginx", ["-e", "stderr", "-p", "@TEMP@", "-c", "@CONFIG@"], Backend.WebSocket)
        {
            Configuration = "nginx.conf",
            Package = "nginx",
            IsYardstick = true,
            Words = new() { ["BUFFER"] = size, ["SSL"] = "", ["SSLOPTIONS"] = "" },
            TlsWords = new()
            {
                ["BUFFER"] = size,
                ["SSL"] = " ssl",
                ["SSLOPTIONS"] = "ssl_certificate @KEYSTORE@; ssl_certificate_key @KEYSTORE@; ssl_protocols TLSv1.3; ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;",
            },
        };

    private static Peer Haproxy(string name, string buffers, string size) =>
        new(name, "HAProxy, passing WebSocket through, " + buffers, "haproxy", ["-db", "-f", "@CONFIG@"], Backend.WebSocket)
        {
            Configuration = "haproxy.conf",
            Package = "haproxy",
            Words = new() { ["BUFFER"] = size },
        };

    /// <summary>Where a command is, or null when it is not on this machine. Servers live in directories that PATH may lack.</summary>
    internal static string? Find(string command) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/local/sbin:/usr/local/bin"
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, command))
            .FirstOrDefault(File.Exists);
}
