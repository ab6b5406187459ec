using System.Globalization;

namespace Tidegate.Bench;

/// <summary>What was typed makes no sense; the message says what would.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary><c>--name value</c> pairs and bare <c>--switches</c>. Each is taken once; what is left over is a mistake.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string?> _given = new(StringComparer.Ordinal);

    internal Arguments(ReadOnlySpan<string> args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
                throw new UsageException($"'{args[i]}' is not an option; options begin with --.");
            string name = args[i][2..];
            bool hasValue = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal);
            _given[name] = hasValue ? args[++i] : null;
        }
    }

    internal bool Switch(string name)
    {
        if (!_given.Remove(name, out string? value))
            return false;
        return value is null ? true : throw new UsageException($"--{name} takes no value, but '{value}' follows it.");
    }

    internal string Text(string name, string otherwise) =>
        !_given.Remove(name, out string? value) ? otherwise
        : value ?? throw new UsageException($"--{name} needs a value.");

    internal double Number(string name, double otherwise, double least, double most)
    {
        string text = Text(name, otherwise.ToString(CultureInfo.InvariantCulture));
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= least && value <= most
            ? value
            : throw new UsageException($"--{name} is a number from {least} to {most}, not '{text}'.");
    }

    internal int Integer(string name, int otherwise, int least, int most) => (int)Number(name, otherwise, least, most);

    /// <summary>A comma-separated choice out of <paramref name="known"/>, in the order of <paramref name="known"/>; all of them when absent.</summary>
    internal string[] Choice(string name, IEnumerable<string> known)
    {
        string[] all = [.. known];
        string[] chosen = Text(name, string.Join(',', all)).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (string one in chosen)
        {
            if (!all.Contains(one))
                throw new UsageException($"--{name} knows no '{one}'; it knows {string.Join(", ", all)}.");
        }
        return [.. all.Where(chosen.Contains)];
    }

    internal void ExpectNothingElse()
    {
        foreach (string name in _given.Keys)
            throw new UsageException($"--{name} is not an option here.");
    }
}
