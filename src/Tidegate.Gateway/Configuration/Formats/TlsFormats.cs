using System.Diagnostics.CodeAnalysis;
using System.Security.Authentication;
using Tidegate.Gateway.Configuration.Description;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>
/// Versions of TLS with commas between, by the names that they always had in these files. What has been broken for years
/// (<c>SSLv3</c>) or never was a version (<c>SSLv2Hello</c>) may stand beside others, with a remark.
/// </summary>
internal sealed class TlsProtocolsFormat : ValueFormat<SslProtocols>
{
    // By number, because naming the first two is a warning: whoever writes them in the file has old clients and knows why.
    private const SslProtocols Tls10 = (SslProtocols)0xC0;
    private const SslProtocols Tls11 = (SslProtocols)0x300;

    private static readonly (string Name, SslProtocols Value)[] s_versions =
    [
        ("TLSv1", Tls10), ("TLSv1.1", Tls11), ("TLSv1.2", SslProtocols.Tls12), ("TLSv1.3", SslProtocols.Tls13),
    ];

    private static readonly string[] s_gone = ["SSLv2Hello", "SSLv3"];

    internal override string Description => "names with commas between: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3";

    internal override bool TryRead(string text, out SslProtocols value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = SslProtocols.None;
        fault = null;
        foreach (string name in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (s_gone.Contains(name))
            {
                continue;
            }

            (_, SslProtocols version) = s_versions.FirstOrDefault(v => v.Name == name);
            if (version == SslProtocols.None)
            {
                string[] names = [.. s_versions.Select(v => v.Name)];
                fault = new(
                    $"\"{name}\" in \"{text}\" is not a version of TLS.",
                    Suggestion.For(name, names) is { } similar ? $"Did you mean {similar}?" : $"Versions: {string.Join(", ", names)}.");
                return false;
            }

            value |= version;
        }

        if (value == SslProtocols.None)
        {
            fault = new($"None of the protocols in \"{text}\" is spoken any more.", "Write TLSv1.2,TLSv1.3, or remove the element.");
        }

        return fault is null;
    }

    internal override TextFault? Remark(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries).FirstOrDefault(s_gone.Contains) is { } gone
            ? new($"{gone} is not spoken any more; the other protocols are.", $"Remove {gone}.")
            : null;

    internal override string Show(SslProtocols value) =>
        string.Join(',', s_versions.Where(v => value.HasFlag(v.Value)).Select(v => v.Name));
}

/// <summary>Ciphers as OpenSSL or Java name them, with commas, colons or spaces between. The TLS library judges the names.</summary>
internal sealed class CiphersFormat : ValueFormat<string>
{
    internal override string Description => "cipher names or groups such as HIGH with commas between";

    internal override bool TryRead(string text, [MaybeNullWhen(false)] out string value, [NotNullWhen(false)] out TextFault? fault)
    {
        string[] tokens = text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);
        value = string.Join(',', tokens);
        fault = null;
        if (tokens.Length == 0)
        {
            fault = new("It is empty.", "Write names such as HIGH,!ADH, or remove the element.");
        }
        else if (text.FirstOrDefault(c => !char.IsAsciiLetterOrDigit(c) && !",: !-+_@=.".Contains(c, StringComparison.Ordinal)) is var wrong and not '\0')
        {
            fault = new($"There is a {wrong} in \"{text}\".", "Write names such as HIGH,!ADH with commas between.");
        }

        return fault is null;
    }
}
