using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Plugins;

/// <summary>What a client shows to say who it is.</summary>
public sealed class LoginRequest
{
    /// <summary>The name of Basic credentials; null with others.</summary>
    public string? User { get; init; }

    /// <summary>The password of Basic credentials, which may be empty; null with others.</summary>
    public string? Password { get; init; }

    /// <summary>What follows the scheme in <c>Authorization</c>; null where nothing does.</summary>
    public string? Token { get; init; }

    /// <summary>The values of the headers, query parameters and cookies that the realm names, by their names in any case. None is there twice.</summary>
    public required IReadOnlyDictionary<string, string> Named { get; init; }

    /// <summary>Where the client is; null where that is not known. Behind a proxy it is the proxy's address.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The certificate that the client has shown by TLS and that the truststore vouches for, or null.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Says nothing of what is shown, for whoever logs it all the same.</summary>
    public override string ToString() => $"a login from {Address}";
}
