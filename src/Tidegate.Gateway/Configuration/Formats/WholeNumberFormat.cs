using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>A whole number within bounds, both included.</summary>
internal sealed class WholeNumberFormat(int minimum, int maximum) : ValueFormat<int>
{
    internal override string Description => string.Create(CultureInfo.InvariantCulture, $"a whole number from {minimum} to {maximum}");

    internal override bool TryRead(string text, out int value, [NotNullWhen(false)] out TextFault? fault)
    {
        bool right = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
            && value >= minimum && value <= maximum;
        fault = right ? null : new($"\"{text}\" is not {Description}.", $"Write {Description}.");
        return right;
    }

    internal override string Show(int value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary><c>http.keepalive.connections</c>, whose message operators may search for.</summary>
internal sealed class KeepaliveConnectionsFormat : ValueFormat<int>
{
    private static readonly WholeNumberFormat s_number = new(1, 10_000);

    internal override string Description => s_number.Description;

    internal override bool TryRead(string text, out int value, [NotNullWhen(false)] out TextFault? fault)
    {
        bool right = s_number.TryRead(text, out value, out fault);
        if (!right && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number <= 0)
        {
            fault = new($"http.keepalive.connections = {text} must be > 0.", fault!.Cure);
        }

        return right;
    }

    internal override string Show(int value) => s_number.Show(value);
}
