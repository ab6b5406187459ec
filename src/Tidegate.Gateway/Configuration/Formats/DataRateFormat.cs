using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>Bytes in a second: <c>64000</c>, <c>64kB/s</c> (1000), <c>64KiB/s</c> (1024), <c>2MB/s</c>, <c>2MiB/s</c>.</summary>
internal sealed class DataRateFormat : ValueFormat<long>
{
    /// <summary>The most: what the old gateway took for unlimited.</summary>
    internal const long Maximum = 0xFFFFFFFF;

    internal override string Description => "a data rate";

    internal override bool TryRead(string text, out long value, [NotNullWhen(false)] out TextFault? fault)
    {
        int digits = text.TakeWhile(char.IsAsciiDigit).Count();
        long? unit = text[digits..].TrimStart(' ').ToUpperInvariant() switch
        {
            "" or "B/S" => 1,
            "KB/S" => 1000,
            "KIB/S" => 1024,
            "MB/S" => 1000 * 1000,
            "MIB/S" => 1024 * 1024,
            _ => null,
        };
        value = 0;
        if (digits == 0 || unit is null)
        {
            // In the old words, which name one unit twice.
            fault = new(
                $"\"{text}\" is not a data rate (permitted data rate units are B/s, kB/s, KiB/s, kB/s, MB/s, and MiB/s).",
                "Write a whole number and one of them, as in 100kB/s.");
            return false;
        }

        bool fits = long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out long count)
            && count > 0 && count <= Maximum / unit;
        value = fits ? count * unit.Value : 0;
        fault = fits ? null : new($"\"{text}\" is out of range.", string.Create(CultureInfo.InvariantCulture, $"Write a rate from 1 to {Maximum} B/s."));
        return fits;
    }

    internal override string Show(long value) => string.Create(CultureInfo.InvariantCulture, $"{value}B/s");
}
