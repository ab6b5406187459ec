using System.Net;

namespace Tidegate.Gateway.Configuration.Source;

/// <summary>
/// The names <c>${cloud.host}</c> and <c>${cloud.instanceId}</c>, which the metadata service of Amazon's cloud knows. It is asked
/// only when a file uses such a name, once, and all questions together get one bound: elsewhere than in
/// the cloud nobody answers.
/// </summary>
/// <param name="address">The metadata service, such as <c>http://169.254.169.254/</c>.</param>
/// <param name="bound">The time for all questions of one file.</param>
internal sealed class CloudMetadata(Uri address, TimeSpan bound) : IDisposable
{
    private const int LongestAnswer = 4096;

    private readonly Dictionary<string, string?> _answers = [];
    private CancellationTokenSource? _bound;
    private HttpClient? _client;
    private string? _token;

    /// <summary>Whether this is one of the cloud's names.</summary>
    internal static bool Knows(string name) => name is "cloud.host" or "cloud.instanceId";

    /// <summary>The value of one of the cloud's names, or null if it cannot be had.</summary>
    internal string? Look(string name)
    {
        if (!_answers.TryGetValue(name, out string? value))
        {
            _answers[name] = value = name == "cloud.host" ? Host() : Ask("instance-id");
        }

        return value;
    }

    public void Dispose()
    {
        _client?.Dispose();
        _bound?.Dispose();
    }

    // Inside a private network, a public name is missing or is not one of Amazon's; the address is what is left.
    private string? Host()
    {
        string? name = Ask("public-hostname");
        return name is null ? Ask("public-ipv4")
            : name.Contains("amazonaws.com", StringComparison.OrdinalIgnoreCase) ? name
            : name.Length == 0 ? Ask("public-ipv4")
            : null;
    }

    private string? Ask(string question)
    {
        if (_client is null)
        {
            _bound = new CancellationTokenSource(bound);
            _client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ConnectTimeout = bound })
            {
                MaxResponseContentBufferSize = LongestAnswer,
            };

            // Newer machines answer only those who have asked for a token first; older ones know no tokens.
            using var forToken = new HttpRequestMessage(HttpMethod.Put, new Uri(address, "/latest/api/token"));
            forToken.Headers.Add("X-aws-ec2-metadata-token-ttl-seconds", "60");
            _token = Send(forToken);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, $"/latest/meta-data/{question}"));
        if (_token is { Length: > 0 })
        {
            request.Headers.TryAddWithoutValidation("X-aws-ec2-metadata-token", _token);
        }

        return Send(request);
    }

    private string? Send(HttpRequestMessage request)
    {
        try
        {
            using HttpResponseMessage response = _client!.Send(request, HttpCompletionOption.ResponseContentRead, _bound!.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                return null;
            }

            using var reader = new StreamReader(response.Content.ReadAsStream());
            return reader.ReadToEnd().Trim();
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException or FormatException)
        {
            return null;
        }
    }
}
