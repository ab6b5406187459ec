using System.Collections.Immutable;
using System.Net;
using System.Net.Http;
using System.Text;
using Tidegate.Gateway.Services.Directory;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>A directory service over real connections, with real files.</summary>
public abstract class DirectoryTest : IDisposable
{
    private protected static readonly byte[] Text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 2000).Select(i => $"line {i}\n")));

    private protected HttpClient Client { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None });

    public void Dispose()
    {
        Client.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static Task<RunningGateway> StartAsync(
        Func<DirectoryOptions, DirectoryOptions>? directory = null, ImmutableDictionary<string, string>? mimeTypes = null, Dictionary<string, byte[]>? more = null)
    {
        var files = new Dictionary<string, byte[]>(more ?? [])
        {
            ["a.txt"] = Text,
            ["data.bin"] = Text,
            ["a b%.txt"] = [1],
            ["sub/page.html"] = [.. "<p>page"u8],
            ["sub2/x"] = [],
            [".hidden"] = [1],
            [".git/config"] = [1],
            [".well-known/security.txt"] = [1],
        };
        return RunningGateway.StartAsync(files: files, directory: directory, mimeTypes: mimeTypes);
    }

    private protected async Task<HttpResponseMessage> GetAsync(RunningGateway gateway, string path, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"http://127.0.0.1:{gateway.Port}{path}"));
        change?.Invoke(request);
        return await Client.SendAsync(request);
    }
}
