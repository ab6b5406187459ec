namespace Tidegate.Engine.Fanout;

/// <summary>A message in the list of a <see cref="SubscriberGroup"/>; the first one is empty, for those to stand at who have had none.</summary>
/// <param name="message">The message.</param>
/// <param name="end">How many bytes had been published with it.</param>
internal sealed class LoggedMessage(SharedMessage? message, long end)
{
    internal SharedMessage? Message { get; } = message;

    internal long End { get; } = end;

    /// <summary>The one after it, when there is one.</summary>
    internal LoggedMessage? Next { get; set; }
}
