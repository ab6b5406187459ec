using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Tidegate.Gateway.Control;

/// <summary><c>drain</c>: the gateway leaves its cluster as it does on SIGTERM. The answer comes when it has.</summary>
/// <param name="drain">Drains.</param>
internal sealed class DrainVerb(Func<CancellationToken, Task<DrainReport>> drain) : ControlVerb(DrainQuestion.Verb, s_bound)
{
    // The longest grace, and what follows it.
    private static readonly TimeSpan s_bound = GatewayServerOptions.MaximumGrace + TimeSpan.FromMinutes(5);

    internal override async Task AnswerAsync(ImmutableArray<string> arguments, ControlAnswer answer, CancellationToken cancellation) =>
        await answer.TellAsync(await drain(cancellation).ConfigureAwait(false), ControlJson.Default.DrainReport, cancellation).ConfigureAwait(false);
}

/// <summary>What came of a drain.</summary>
/// <param name="Sessions">How many sessions were closed.</param>
/// <param name="Seconds">How long that took.</param>
public sealed record DrainReport(
    [property: JsonPropertyName("sessions")] int Sessions,
    [property: JsonPropertyName("seconds")] double Seconds);
