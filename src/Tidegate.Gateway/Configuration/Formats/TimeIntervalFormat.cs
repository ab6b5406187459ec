using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Tidegate.Gateway.Configuration.Formats;

/// <summary>
/// A length of time: a number, fractions allowed, and a unit from milliseconds to weeks; without a unit, seconds. It is kept to the
/// millisecond.
/// </summary>
internal sealed class TimeIntervalFormat(TimeSpan minimum = default) : ValueFormat<TimeSpan>
{
    // More than any timeout needs, and little enough that nothing that counts in milliseconds overflows.
    internal static readonly TimeSpan Maximum = TimeSpan.FromDays(3650);

    private static readonly SearchValues<char> s_number = SearchValues.Create("0123456789.");

    internal override string Description => "a time interval";

    internal override bool TryRead(string text, out TimeSpan value, [NotNullWhen(false)] out TextFault? fault)
    {
        value = default;
        if (text.Length == 0)
        {
            fault = new("Illegal timeInterval value, empty string not allowed.", "Write one such as 30 seconds, or remove the element.");
            return false;
        }

        if (text[0] == '-')
        {
            fault = new($"Expected a non-negative time interval, received \"{text}\".", "Write a positive one such as 30 seconds.");
            return false;
        }

        int numberEnd = text.AsSpan().IndexOfAnyExcept(s_number) is var i and >= 0 ? i : text.Length;
        decimal? unit = MillisecondsIn(text[numberEnd..].Trim());
        if (unit is null
            || !decimal.TryParse(text.AsSpan(0, numberEnd), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number))
        {
            fault = new(
                $"Illegal timeIntervalValue value \"{text}\".",
                "Time intervals can be specified as numeric amounts of the following units: millisecond, second, minute, hour. "
                + "For example, \"1800 second\" or \"30 minutes\" or \"0.5 hour\". Day and week are units, too.");
            return false;
        }

        // The number is bounded before it is multiplied, so the product cannot overflow.
        if (number > (decimal)Maximum.TotalMilliseconds || number * unit.Value > (decimal)Maximum.TotalMilliseconds)
        {
            fault = new($"The time interval \"{text}\" is too long.", "The longest is 3650 days.");
            return false;
        }

        value = TimeSpan.FromMilliseconds((long)Math.Ceiling(number * unit.Value));
        fault = value < minimum ? new($"The time interval \"{text}\" is too short.", $"The shortest is {Show(minimum)}.") : null;
        return fault is null;
    }

    internal override string Show(TimeSpan value) => (value.Ticks % TimeSpan.TicksPerSecond) switch
    {
        0 when value.TotalSeconds == 1 => "1 second",
        0 => string.Create(CultureInfo.InvariantCulture, $"{value.TotalSeconds} seconds"),
        _ when value.TotalMilliseconds == 1 => "1 millisecond",
        _ => string.Create(CultureInfo.InvariantCulture, $"{value.TotalMilliseconds} milliseconds"),
    };

    private static decimal? MillisecondsIn(string unit) => unit.ToLowerInvariant() switch
    {
        "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => 1,
        "" or "s" or "sec" or "secs" or "second" or "seconds" => 1000,
        "m" or "min" or "mins" or "minute" or "minutes" => 60_000,
        "h" or "hour" or "hours" => 3_600_000,
        "d" or "day" or "days" => 86_400_000,
        "w" or "week" or "weeks" => 604_800_000,
        _ => null,
    };
}
