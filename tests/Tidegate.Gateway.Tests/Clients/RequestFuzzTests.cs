using System.Globalization;
using System.Text;
using Tidegate.Gateway.Configuration;
using Xunit.Abstractions;
using static Tidegate.Gateway.Tests.Clients.EmulatedClient;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>
/// Requests that are nearly those of client libraries, at a whole gateway from a printed seed: each gets an answer, none makes the gateway fail, and two
/// sessions that are open meanwhile notice nothing, though their ids are among what is asked for. 1,500 requests, or 100,000 where TIDEGATE_LONG=1.
/// TIDEGATE_FUZZ_SEED repeats a run.
/// </summary>
public sealed class RequestFuzzTests(ITestOutputHelper output)
{
    private const int ShortRun = 1_500, LongRun = 100_000;

    private static readonly string[] s_methods = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "get", "TRACE"];

    private static readonly string[] s_pieces =
    [
        "/", "/;", ";e/", "/;e/", "/echo", "/relay", "/echo/;e/cbm", "/echo/;e/ctem", "/echo/;e/utm/", "/echo/;e/dbm/", "/relay/;e/ubm/", "/;api/", "get-cookies", "set-cookies", "/;e/cookies", "/;s/0f", "/;resource/xs",
        "?.kr=xs", "?", "&", "&.krn=0.5", "&.ki=p", ".ksn=1", ".ko=http://a:80", "%2f", "%00", "..", "//", "=",
    ];

    private static readonly string[] s_headers =
    [
        "X-WebSocket-Version: wseb-1.0", "X-WebSocket-Version: 2", "X-Sequence-No: 0", "X-Sequence-No: x", "X-Accept-Commands: ping", "X-Origin: http://a.example:80", "X-Origin: \u00ff", "Origin: null",
        "Origin: http://evil.example", "Content-Type: text/plain;charset=utf-8", "Last-Event-ID: f.1", "Cookie: a=b", "X-WebSocket-Protocol: a, b", "Upgrade: websocket", "Connection: Upgrade, close",
    ];

    [Fact]
    public async Task No_request_makes_the_gateway_fail_or_reaches_the_session_of_another_client()
    {
        bool isLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";
        string? given = Environment.GetEnvironmentVariable("TIDEGATE_FUZZ_SEED");
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var log = new CollectedLog();
        var limits = new EmulationLimits { MaximumSessions = LongRun, MaximumSessionsPerAddress = LongRun };
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new AcceptOptions { Emulation = limits }, loggers: log.Factory);
        using EmulatedClient one = await CreateAsync(gateway);
        using EmulatedClient two = await CreateAsync(gateway);
        using ReceivingStream downOne = await one.ReceiveAsync();
        using ReceivingStream downTwo = await two.ReceiveAsync();
        await downOne.ExpectAsync(Noop);
        await downTwo.ExpectAsync(Noop);

        // Good at the place where they were given only; this is another one.
        string[] stolen = [.. new[] { one, two }.Select(client => "/relay/;e/ubm/" + client.Upstream.Split('/')[^1])];
        var answers = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < (isLong ? LongRun : ShortRun); i++)
        {
            string request = Next(random, stolen, gateway.Port);
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            await client.SendAsync(request);
            byte[] answer;
            try
            {
                answer = await client.ReadToEndAsync();
            }
            catch (OperationCanceledException)
            {
                throw new InvalidOperationException($"seed {seed}: the answer to {request} has no end");
            }

            string status = Encoding.ASCII.GetString(answer.AsSpan(0, Math.Min(12, answer.Length)));
            Assert.True(
                status.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) && status[9] is '2' or '3' or '4', $"seed {seed}: {request} got {status}");
            answers[status] = answers.GetValueOrDefault(status) + 1;
        }

        output.WriteLine(string.Join(", ", answers.Select(pair => $"{pair.Value} × {pair.Key}")));
        Assert.True(answers.Count > 3, "all got much the same");
        Assert.DoesNotContain(log.Lines, line => line.Contains("defect", StringComparison.OrdinalIgnoreCase) || line.Contains("exception", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(200, await one.PostFramesAsync(0x81, 1, (byte)'1'));
        Assert.Equal(200, await two.PostFramesAsync(0x81, 1, (byte)'2'));
        await downOne.ExpectAsync(0x81, 1, (byte)'1');
        await downTwo.ExpectAsync(0x81, 1, (byte)'2');
    }

    private static string Next(Random random, string[] stolen, int port)
    {
        string target = random.Next(10) == 0 ? stolen[random.Next(stolen.Length)]
            : "/" + string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ => s_pieces[random.Next(s_pieces.Length)]));
        string body = random.Next(3) == 0 ? string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => (char)random.Next(128))) : "";
        string method = s_methods[random.Next(random.Next(3) > 0 ? 2 : s_methods.Length)];
        var head = new StringBuilder($"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
        foreach (string header in Enumerable.Range(0, random.Next(4)).Select(_ => s_headers[random.Next(s_headers.Length)]).Distinct())
        {
            head.Append(header).Append("\r\n");
        }

        if (!head.ToString().Contains("Connection:", StringComparison.Ordinal))
        {
            head.Append("Connection: close\r\n");
        }

        return head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n{body}").ToString();
    }
}
