using System.Security.Cryptography.X509Certificates;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>A request of which only what it shows is of interest.</summary>
internal sealed class Shown(params string[] headersAndValues) : ICredentialSource
{
    public X509Certificate2? Certificate { get; init; }

    internal List<(string Name, string Value)> Parameters { get; } = [];

    internal List<(string Name, string Value)> Cookies { get; } = [];

    public IReadOnlyList<string> Header(string name) =>
        [.. headersAndValues.Chunk(2).Where(pair => pair[0].Equals(name, StringComparison.OrdinalIgnoreCase)).Select(pair => pair[1])];

    public IReadOnlyList<string> Parameter(string name) => [.. Parameters.Where(pair => pair.Name == name).Select(pair => pair.Value)];

    public IReadOnlyList<string> Cookie(string name) => [.. Cookies.Where(pair => pair.Name == name).Select(pair => pair.Value)];
}
