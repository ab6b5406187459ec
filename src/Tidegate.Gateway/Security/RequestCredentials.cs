using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Security.Kerberos;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway.Security;

/// <summary>What an HTTP request shows.</summary>
internal sealed class RequestCredentials(HttpRequest request) : ICredentialSource
{
    private static readonly object s_negotiation = new();

    /// <summary>That of the connection. On one of HTTP/2 requests stand side by side, and each is by itself.</summary>
    public Negotiation? Negotiation
    {
        get
        {
            if (!HttpProtocol.IsHttp11(request.Protocol) || request.HttpContext.Features.Get<IConnectionItemsFeature>()?.Items is not { } items)
            {
                return null;
            }

            if (items.TryGetValue(s_negotiation, out object? known) && known is Negotiation negotiation)
            {
                return negotiation;
            }

            var begun = new Negotiation();
            items[s_negotiation] = begun;
            return begun;
        }
    }

    /// <summary>That of the connection, unless a member of the cluster relays the request: then it is the member's, and the client's is not known.</summary>
    public X509Certificate2? Certificate =>
        MemberRelay.IsRelayed(request) || request.HttpContext.Features.Get<EstablishedClient>() is not null ? null : request.HttpContext.Connection.ClientCertificate;

    public IReadOnlyList<string> Header(string name) => [.. request.Headers[name].OfType<string>()];

    public IReadOnlyList<string> Parameter(string name) => request.Query.TryGetValue(name, out var values) ? [.. values.OfType<string>()] : [];

    /// <summary>Not by the framework's collection: of two cookies of one name it shows one.</summary>
    public IReadOnlyList<string> Cookie(string name) =>
    [
        .. from header in request.Headers.Cookie
           from pair in (header ?? "").Split(';', StringSplitOptions.TrimEntries)
           let sign = pair.IndexOf('=', StringComparison.Ordinal)
           where sign > 0 && pair.AsSpan(0, sign).SequenceEqual(name)
           select pair[(sign + 1)..],
    ];
}

/// <summary>
/// What a request within a WebSocket shows: its own headers, and what the request showed that opened the WebSocket, which is over by then.
/// </summary>
internal sealed class InnerCredentials : ICredentialSource
{
    private readonly IReadOnlyList<(string Name, string Value)> _headers;
    private readonly Dictionary<(char Kind, string Name), IReadOnlyList<string>> _outer;

    private InnerCredentials(
        IReadOnlyList<(string Name, string Value)> headers, Dictionary<(char Kind, string Name), IReadOnlyList<string>> outer, Negotiation negotiation, ChainMemory chain) =>
        (_headers, _outer, Negotiation, Chain) = (headers, outer, negotiation, chain);

    /// <summary>That of the WebSocket.</summary>
    public Negotiation Negotiation { get; }

    /// <summary>That of the WebSocket, too.</summary>
    public ChainMemory Chain { get; }

    public X509Certificate2? Certificate { get; private init; }

    /// <summary>Keeps what a realm could want of the outer request.</summary>
    internal static InnerCredentials From(HttpRequest outer, CredentialPlaces places)
    {
        var source = new RequestCredentials(outer);
        var kept = new Dictionary<(char, string), IReadOnlyList<string>>();
        foreach (string name in places.Headers)
        {
            kept[('h', name)] = source.Header(name);
        }

        foreach (string name in places.Parameters)
        {
            kept[('p', name)] = source.Parameter(name);
        }

        foreach (string name in places.Cookies)
        {
            kept[('c', name)] = source.Cookie(name);
        }

        return new InnerCredentials([], kept, new Negotiation(), new ChainMemory()) { Certificate = source.Certificate };
    }

    /// <summary>The same with the headers of a request within.</summary>
    internal InnerCredentials With(IReadOnlyList<(string Name, string Value)> headers) => new(headers, _outer, Negotiation, Chain) { Certificate = Certificate };

    public IReadOnlyList<string> Header(string name)
    {
        string[] inner = [.. _headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value)];
        return inner.Length > 0 ? inner : _outer.GetValueOrDefault(('h', name)) ?? [];
    }

    public IReadOnlyList<string> Parameter(string name) => _outer.GetValueOrDefault(('p', name)) ?? [];

    public IReadOnlyList<string> Cookie(string name) => _outer.GetValueOrDefault(('c', name)) ?? [];
}
