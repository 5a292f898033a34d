# What every host of the homelab has, whatever it runs on.
#
# SSH takes keys alone. No key and no password is configured here: access is by the console, or by
# credentials that are brought in from outside.
#
# Emitted from roles/common/default.ts: change that, not this.
{
  services.openssh = {
    enable = true;
    # One modern host key: the RSA key that NixOS would add takes seconds to make on a first boot.
    hostKeys = [
      {
        type = "ed25519";
        path = "/etc/ssh/ssh_host_ed25519_key";
      }
    ];
    settings = {
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      PermitRootLogin = "prohibit-password";
    };
  };

  nix.settings.experimental-features = [ "nix-command" "flakes" ];
}
