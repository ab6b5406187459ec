using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class CloudParameterTests
{
    [Fact]
    public void Names_of_the_cloud_are_asked_for_with_a_token()
    {
        using var metadata = new MetadataServer(request => request switch
        {
            "PUT /latest/api/token" => "t0k3n",
            "GET /latest/meta-data/public-hostname t0k3n" => "ec2-1-2-3-4.compute.amazonaws.com",
            "GET /latest/meta-data/instance-id t0k3n" => "i-1234",
            _ => null,
        });

        Assert.Equal("ec2-1-2-3-4.compute.amazonaws.com i-1234", Describe("${cloud.host} ${cloud.instanceId}", metadata.Address));
    }

    [Fact]
    public void A_metadata_service_without_tokens_and_public_name_gives_the_address()
    {
        using var metadata = new MetadataServer(request => request switch
        {
            "GET /latest/meta-data/public-hostname" => "",
            "GET /latest/meta-data/public-ipv4" => "192.0.2.7",
            _ => null,
        });

        Assert.Equal("192.0.2.7", Describe("${cloud.host}", metadata.Address));
    }

    [Fact]
    public void It_is_not_asked_unless_a_file_uses_such_a_name_that_nothing_else_defines()
    {
        int asked = 0;
        using var metadata = new MetadataServer(_ =>
        {
            asked++;
            return "x";
        });
        ParameterSources sources = Nothing with
        {
            CloudMetadata = metadata.Address,
            Definitions = new Dictionary<string, string> { ["cloud.host"] = "mine" },
        };

        Assert.Equal("mine here.example", Assert.Single(Read(Echo("<description>${cloud.host} ${hostname}</description>"), sources).Services).Description);
        Assert.Equal(0, asked);
    }

    [Fact]
    public void Where_nobody_answers_it_is_an_error_in_the_old_words_after_a_second()
    {
        // It takes connections and never says a word.
        using var deaf = new TcpListener(IPAddress.Loopback, 0);
        deaf.Start();
        long began = Stopwatch.GetTimestamp();

        string[] errors = ErrorsIn(
            Echo("<description>${cloud.host}${cloud.instanceId}</description>"),
            Nothing with { CloudMetadata = new Uri($"http://{deaf.LocalEndpoint}/") });

        Assert.Equal(2, errors.Length);
        Assert.Contains(
            "${cloud.host} detected in config but could not determine cloud enviroment and find valid replacement for it.", errors[0], StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    private static string? Describe(string text, Uri metadata) =>
        Assert.Single(Read(Echo($"<description>{text}</description>"), Nothing with { CloudMetadata = metadata, CloudTimeout = TimeSpan.FromSeconds(60) }).Services).Description;

    /// <summary>Answers requests as "METHOD /path token" with 200 and a text, or 404 for null.</summary>
    private sealed class MetadataServer : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        internal MetadataServer(Func<string, string?> answer)
        {
            _listener.Start();
            _ = Task.Run(async () =>
            {
                while (true)
                {
                    using TcpClient client = await _listener.AcceptTcpClientAsync();
                    using var reader = new StreamReader(client.GetStream());
                    string request = string.Join(' ', (await reader.ReadLineAsync())!.Split(' ')[..2]);
                    for (string? line; (line = await reader.ReadLineAsync()) is { Length: > 0 };)
                    {
                        request += line.StartsWith("X-aws-ec2-metadata-token:", StringComparison.OrdinalIgnoreCase) ? line[line.IndexOf(' ', StringComparison.Ordinal)..] : "";
                    }

                    string? text = answer(request);
                    await using var writer = new StreamWriter(client.GetStream());
                    await writer.WriteAsync(
                        $"HTTP/1.1 {(text is null ? "404 Not Found" : "200 OK")}\r\nConnection: close\r\nContent-Length: {text?.Length ?? 0}\r\n\r\n{text}");
                }
            });
        }

        internal Uri Address => new($"http://{_listener.LocalEndpoint}/");

        public void Dispose() => _listener.Dispose();
    }
}
