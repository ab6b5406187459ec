using System.Text.Json;

namespace Tidegate.Gateway.Control;

/// <summary>Has a gateway of this machine leave its cluster politely, and end.</summary>
public static class DrainQuestion
{
    internal const string Verb = "drain";

    /// <summary>Drains, and returns when the gateway has left: it then closes its control socket, and is gone.</summary>
    /// <param name="configurationFile">The file that the gateway was started with.</param>
    /// <param name="cancellation">Ends the wait; the drain goes on.</param>
    /// <returns>What came of it; null where no gateway answers that runs with this file and that this user may ask.</returns>
    /// <exception cref="ControlException">The gateway refuses, or ended before it was drained.</exception>
    public static async Task<DrainReport?> AskAsync(string configurationFile, CancellationToken cancellation)
    {
        DrainReport? report = null;
        try
        {
            return await ControlClient.AskAsync(
                configurationFile, Verb, line => report = line.Deserialize(ControlJson.Default.DrainReport), cancellation).ConfigureAwait(false)
                ? report ?? throw new ControlException("The gateway does not say what came of it. Is it of another version?")
                : null;
        }
        catch (JsonException)
        {
            throw new ControlException("The gateway's answer can not be read. Is it of another version?");
        }
    }
}
