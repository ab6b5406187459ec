using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration;

/// <summary>The <c>security</c> element. A new instance is that of a file without one.</summary>
public sealed record SecurityConfiguration
{
    /// <summary><c>keystore</c>: the gateway's own certificates and keys, or null.</summary>
    public StoreConfiguration? Keystore { get; init; }

    /// <summary><c>truststore</c>: the certificates of those who are trusted, or null.</summary>
    public StoreConfiguration? Truststore { get; init; }

    /// <summary><c>realm</c>: the realms, their names different, in the order of the file.</summary>
    public ImmutableArray<RealmConfiguration> Realms { get; init; } = [];

    /// <summary>Whether a store is written and could not be read; never in a configuration without errors.</summary>
    internal bool IsDoubtful { get; init; }
}

/// <summary>A file of certificates: <c>keystore</c> or <c>truststore</c>.</summary>
public sealed record StoreConfiguration
{
    /// <summary><c>type</c>: as written (JKS, JCEKS, PKCS12, PEM), or null; the file's content decides then.</summary>
    public string? Type { get; init; }

    /// <summary><c>file</c>: the full path, relative ones resolved against the configuration file's directory.</summary>
    public required string File { get; init; }

    /// <summary><c>password-file</c>: the full path of the file whose first line is the password, or null.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Where the file is named.</summary>
    public required SourcePosition Position { get; init; }

    /// <summary>Where the file of the password is named; that of <see cref="File"/> where there is none.</summary>
    public SourcePosition PasswordPosition
    {
        get => field ?? Position;
        init;
    }
}
