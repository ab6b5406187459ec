using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>
/// A number of bytes: <c>64000</c>, <c>128k</c>, <c>128kB</c>, <c>1M</c>, <c>1MB</c>, in any case; k is 1024 and M is 1024 × 1024.
/// </summary>
internal sealed class DataSizeFormat(int minimum = 1) : ValueFormat<int>
{
    private const int Kibi = 1024;
    private const int Mebi = 1024 * 1024;

    internal override string Description => "a data size";

    internal override bool TryRead(string text, out int value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = 0;
        int digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
        {
            digits++;
        }

        int? unit = text[digits..].TrimStart(' ').ToUpperInvariant() switch
        {
            "" or "B" => 1,
            "K" or "KB" => Kibi,
            "M" or "MB" => Mebi,
            _ => null,
        };
        if (digits == 0 || unit is null)
        {
            // The second half is what the old gateway said, which the troubleshooting page quotes; it named this namespace for every file.
            fault = new(
                $"\"{text}\" is not a data size: string value '{text}' does not match pattern for DataSizeString in namespace {GatewayNamespaces.Current}.",
                "Write a whole number of bytes, or one with k (1024) or M (1024 k), as in 128k or 1MB.");
            return false;
        }

        if (!long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            || count > int.MaxValue / unit || count * unit < minimum)
        {
            fault = new($"\"{text}\" is out of range.", string.Create(CultureInfo.InvariantCulture, $"Write a size from {minimum} byte to {int.MaxValue} bytes (just under 2048M)."));
            return false;
        }

        value = (int)(count * unit.Value);
        fault = null;
        return true;
    }

    internal override string Show(int value) => value switch
    {
        > 0 when value % Mebi == 0 => string.Create(CultureInfo.InvariantCulture, $"{value / Mebi}M"),
        > 0 when value % Kibi == 0 => string.Create(CultureInfo.InvariantCulture, $"{value / Kibi}k"),
        _ => value.ToString(CultureInfo.InvariantCulture),
    };
}
