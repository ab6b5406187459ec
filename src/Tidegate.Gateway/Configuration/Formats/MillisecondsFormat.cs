using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>A whole number of milliseconds, up to a day: what a few old options were counted in.</summary>
internal sealed class MillisecondsFormat : ValueFormat<TimeSpan>
{
    private static readonly WholeNumberFormat s_number = new(0, 86_400_000);

    internal override string Description => "milliseconds";

    internal override bool TryRead(string text, out TimeSpan value, [NotNullWhen(false)] out TextFault? fault)
    {
        bool right = s_number.TryRead(text, out int milliseconds, out fault);
        value = TimeSpan.FromMilliseconds(milliseconds);
        return right;
    }

    internal override string Show(TimeSpan value) => value.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);
}
