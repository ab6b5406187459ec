using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Tidegate.Gateway;

namespace Tidegate.Host.Commands;

/// <summary>The option <c>--grace</c>: over how long a time a gateway in a cluster closes its sessions when it is to stop.</summary>
internal static class Grace
{
    private const string Name = "--grace";

    internal static Option<string> CreateOption()
    {
        string usual = Show(GatewayServerOptions.DefaultGrace);
        var option = new Option<string>(Name)
        {
            Description = "In a cluster, SIGTERM has the sessions closed one after the other over this time: seconds, or a number with ms, s, m or h; "
                + "0 to 1h. 0 closes them all at once.",
            HelpName = "TIME",
            DefaultValueFactory = _ => usual,
        };
        option.Validators.Add(result =>
        {
            foreach (string text in result.Tokens.Select(token => token.Value).Where(text => !TryParse(text, out _)))
            {
                result.AddError($"\"{text}\" is no time for {Name}. Write seconds, or a number with ms, s, m or h, from 0 to 1h, such as {Name} {usual}.");
            }
        });
        return option;
    }

    /// <summary>The value of text that the option has accepted.</summary>
    internal static TimeSpan Of(string? text) =>
        TryParse(text, out TimeSpan? value) ? value.Value : GatewayServerOptions.DefaultGrace;

    internal static bool TryParse(string? text, [NotNullWhen(true)] out TimeSpan? value)
    {
        value = null;
        ReadOnlySpan<char> written = text;
        ReadOnlySpan<char> unitWritten = written.TrimStart("0123456789.");
        int? unit = unitWritten switch
        {
            "ms" => 1,
            "" or "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => null,
        };
        if (unit is null
            || !decimal.TryParse(written[..^unitWritten.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            // Bounded before it is multiplied, so that the product can not overflow.
            || number > (decimal)GatewayServerOptions.MaximumGrace.TotalMilliseconds
            || number * unit > (decimal)GatewayServerOptions.MaximumGrace.TotalMilliseconds)
        {
            return false;
        }

        value = TimeSpan.FromMilliseconds((double)(number * unit.Value));
        return true;
    }

    private static string Show(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds}s");
}
