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
