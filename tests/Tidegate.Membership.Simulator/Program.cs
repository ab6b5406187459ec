using System.Globalization;
using Tidegate.Membership.Protocol;
using Tidegate.Membership.Simulator;

const string Usage = """
    usage: --scenario NAME [--members N] [--loss PERCENT] [--seed N] [--seconds N] [--rounds N] [--without ADDITION] [--count] [--settled]
      NAME      kill, silence, split, loss, cutoff, rest, join, pause, skew, leave, oneway, flap, chaos, pair or replay
      seconds   of one round, where the scenario has no end of its own; 60
      ADDITION  Refused, Verify, Isolation, StallClock, MergeFirst, Reconnect, FlapDamping, Replay or Introduction; may be repeated
      --count   counts broken invariants instead of ending with the first
      --settled everybody knows everybody from the beginning; quicker with many members
    """;

// With more members their beginning takes longer than most of what is looked at.
const int Many = 1_000;

SimulationOptions options = new();
string scenario = "";
int seconds = 60;
int rounds = 1;
int seed = Random.Shared.Next();
try
{
    for (int i = 0; i < args.Length; i++)
    {
        if (args[i] == "--count")
        {
            options = options with { Strict = false };
            continue;
        }

        if (args[i] == "--settled")
        {
            options = options with { Settled = true };
            continue;
        }

        string value = i + 1 < args.Length ? args[i + 1] : throw new FormatException($"{args[i]} needs a value.");
        switch (args[i++])
        {
            case "--members":
                options = options with { Members = Number(value, 2, 60_000) };
                break;
            case "--scenario":
                scenario = Scenarios.Names.Contains(value) ? value : throw new FormatException($"There is no scenario '{value}'.");
                break;
            case "--loss":
                options = options with { Loss = Number(value, 0, 99) / 100.0 };
                break;
            case "--seed":
                seed = Number(value, 0, int.MaxValue);
                break;
            case "--seconds":
                seconds = Number(value, 1, 1_000_000);
                break;
            case "--rounds":
                rounds = Number(value, 1, 1_000_000);
                break;
            case "--without":
                options = options with { Without = options.Without | Enum.Parse<Additions>(value, ignoreCase: true) };
                break;
            default:
                throw new FormatException($"There is no option '{args[i - 1]}'.");
        }
    }

    if (scenario.Length == 0)
    {
        throw new FormatException("--scenario is missing.");
    }
}
catch (Exception exception) when (exception is FormatException or ArgumentException)
{
    Console.Error.WriteLine(exception.Message);
    Console.Error.WriteLine(Usage);
    return 2;
}

if (scenario == "join" && options.Settled)
{
    Console.Error.WriteLine("--settled leaves nobody to join; take it away, or take another scenario.");
    return 2;
}

if (options is { Settled: false, Members: > Many })
{
    Console.Error.WriteLine(
        $"{options.Members} members that start in one instant make {(long)options.Members * options.Members / 1_000_000} million acquaintances: that takes minutes and gigabytes. --settled begins when it is done.");
}

if (scenario == "skew")
{
    options = options with { Skew = 0.05 };
}

try
{
    MeasurementResult result = new Measurement(scenario, seconds, rounds).Run(options with { Seed = seed });
    Console.WriteLine($"{scenario}, {options.Members} members, seed {seed}: {result}");
    return result.Violations == 0 ? 0 : 1;
}
catch (InvariantViolation violation)
{
    Console.Error.WriteLine($"Violated: {violation.Message}");
    return 1;
}

static int Number(string text, int least, int most) =>
    int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
        ? number
        : throw new FormatException($"'{text}' is not a whole number from {least} to {most}.");
