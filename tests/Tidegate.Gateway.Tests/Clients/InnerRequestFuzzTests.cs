using System.Diagnostics;
using System.Globalization;
using System.Text;
using Tidegate.Gateway.Clients;
using Xunit.Abstractions;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>
/// The reader of requests within a WebSocket against a simple reference: 10 s from a printed seed, or five million requests where
/// TIDEGATE_LONG=1. TIDEGATE_FUZZ_SEED repeats a run.
/// </summary>
public sealed class InnerRequestFuzzTests(ITestOutputHelper output)
{
    private const int LongRun = 5_000_000;

    private static readonly string[] s_pieces =
    [
        "GET /echo HTTP/1.1\r\n", "GET / HTTP/1.1\r\n", "GET  HTTP/1.1\r\n", "GET /a?b=c HTTP/1.0\r\n", "\r\n", "\r", "\n", ":", " ", "\t", "\0", "\u007f", "\u00ff",
        "Sec-WebSocket-Protocol: foo,bar\r\n", "WebSocket-Protocol: \r\n", "sec-websocket-extensions:x-kaazing-ping-pong\r\n", "Authorization: Basic eA==\r\n",
        "Host: a\r\n", "Upgrade: x\r\n", "Proxy-X: 1\r\n", "Sec-WebSocket-Key: k\r\n", "X: y\r\n", " folded\r\n", "Content-Length: 0\r\n", "Sec-Challenge-Identity: i\r\n",
    ];

    private static readonly string[] s_forbidden =
        ["accept-charset", "accept-encoding", "content-length", "content-transfer-encoding", "date", "expect", "keep-alive", "referer", "te", "trailer", "transfer-encoding", "upgrade", "via"];

    [Fact]
    public void The_reader_agrees_with_a_simple_reference_on_anything()
    {
        bool isLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";
        string? given = Environment.GetEnvironmentVariable("TIDEGATE_FUZZ_SEED");
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        long start = Stopwatch.GetTimestamp();
        int requests = 0, read = 0;
        for (; isLong ? requests < LongRun : requests < 1000 || Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10); requests++)
        {
            string text = Next(random);
            string? expected = Reference(text);
            InnerRequest? found = InnerRequest.Read(Encoding.Latin1.GetBytes(text), out string fault);
            Assert.True(found is null == fault.Length > 0, $"seed {seed}: no words for {text}");
            string? shown = found is null ? null : $"{string.Join('|', found.Protocols)};{string.Join('|', found.Extensions)};{found.Authorization}";
            Assert.True(expected == shown, $"seed {seed}: {Convert.ToHexString(Encoding.Latin1.GetBytes(text))} is {shown ?? fault}, and should be {expected ?? "refused"}");
            read += found is null ? 0 : 1;
        }

        output.WriteLine($"{requests} requests, {read} of them good");
        Assert.InRange(read, 1, requests - 1);
    }

    private static string Next(Random random)
    {
        var text = new StringBuilder(random.Next(4) > 0 ? s_pieces[0] : "");
        for (int count = random.Next(8); count > 0; count--)
        {
            text.Append(s_pieces[random.Next(s_pieces.Length)]);
        }

        if (random.Next(50) == 0)
        {
            text.Insert(text.Length, "X: y\r\n", random.Next(95, 105));
        }

        text.Append(random.Next(8) > 0 ? "\r\n" : "");
        if (random.Next(4) == 0 && text.Length > 0)
        {
            text[random.Next(text.Length)] = (char)random.Next(256);
        }

        return text.ToString();
    }

    /// <summary>What is used of a request, or null where it is refused.</summary>
    private static string? Reference(string text)
    {
        if (!text.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            return null;
        }

        string[] lines = text[..^4].Split("\r\n");
        string[] words = lines[0].Split(' ');
        if (words is not ["GET", ['/', ..] target, "HTTP/1.1"] || target.Any(c => c is < '!' or > '~') || lines.Length > 101)
        {
            return null;
        }

        var headers = lines.Skip(1).Select(line => line.Split(':', 2)).ToList();
        if (headers.Any(header => header.Length < 2 || header[0].Length == 0 || !header[0].All(IsToken) || header[1].Any(c => (c < ' ' && c != '\t') || c == '\u007f')))
        {
            return null;
        }

        var named = headers.Select(header => (Name: header[0].ToLowerInvariant(), Value: header[1].Trim(' ', '\t'))).ToList();
        if (named.Any(header => s_forbidden.Contains(header.Name) || header.Name.StartsWith("proxy-", StringComparison.Ordinal)
            || (header.Name.StartsWith("sec-", StringComparison.Ordinal) && header.Name is not ("sec-websocket-protocol" or "sec-websocket-extensions" or "sec-challenge-identity"))))
        {
            return null;
        }

        string[] authorizations = [.. named.Where(header => header.Name == "authorization").Select(header => header.Value)];
        string All(string end) => string.Join('|', named.Where(header => header.Name.EndsWith(end, StringComparison.Ordinal)).Select(header => header.Value));
        return authorizations.Length > 1 ? null : $"{All("websocket-protocol")};{All("websocket-extensions")};{authorizations.FirstOrDefault()}";
    }

    private static bool IsToken(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal);
}
