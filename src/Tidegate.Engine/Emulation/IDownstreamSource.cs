using Tidegate.Engine.Loops;

namespace Tidegate.Engine.Emulation;

/// <summary>A session whose client is sent things by the responses to its requests. All members but <see cref="Loop"/> are for its loop.</summary>
public interface IDownstreamSource
{
    /// <summary>The loop that drives the session.</summary>
    EventLoop Loop { get; }

    /// <summary>The next bytes for a response that the session has taken on, when there are any. The call before has been answered.</summary>
    Task<DownstreamPart> TakeAsync(Downstream downstream);

    /// <summary>A response can not be written to any more: what it was given last may be lost.</summary>
    void Lose(Downstream downstream);
}
