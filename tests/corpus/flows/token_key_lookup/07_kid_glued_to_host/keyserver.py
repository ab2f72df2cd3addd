import jwt
import requests

BASE = "https://keys.shop.example"


class Rejected(Exception):
    pass


class KeyServer:
    def fetch(self, kid: str) -> str:
        answer = requests.get(BASE + kid, timeout=2)
        answer.raise_for_status()
        return answer.text

    def verify(self, token: str) -> dict:
        try:
            header = jwt.get_unverified_header(token)
            return jwt.decode(token, self.fetch(header["kid"]), algorithms=["RS256"])
        except (jwt.PyJWTError, requests.RequestException, KeyError) as error:
            raise Rejected from error
