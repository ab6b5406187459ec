namespace Tidegate.Engine.Loops;

/// <summary>A call that an event loop will make. Belongs to its loop.</summary>
public sealed class LoopTimer
{
    internal LoopTimer? Previous;
    internal LoopTimer? NextInSlot;
    internal long DueTick;
    internal int Slot = -1;
    internal Action<object?>? Action;
    internal object? State;
    internal TimerWheel? Wheel;

    /// <summary>True until the timer has fired or was cancelled.</summary>
    public bool IsPending => Slot >= 0;

    /// <summary>Takes the call back. Does nothing where it was made already. To be called on the loop.</summary>
    public void Cancel() => Wheel?.Remove(this);
}
